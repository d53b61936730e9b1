import { access } from 'node:fs/promises';
import { loadConfig, loadDataDirectory } from '../config/load-config.js';
import type { SluiceConfig } from '../config/sluice-config.js';
import { TypedWriter } from '../consumer/typed-writer.js';
import { askGateway } from '../control/ask-gateway.js';
import type { ReplayCommand } from '../control/command-protocol.js';
import { dataDirectory } from '../data-directory/data-directory.js';
import { shortenedFileLine } from '../data-directory/dead-letter-sizes.js';
import { withDeadLetterNoted } from '../data-directory/note-clean-stop.js';
import { openDataDirectory } from '../data-directory/open-directory.js';
import { savedStates } from '../ledger/saved-states.js';
import { SystemClock } from '../lib/clock.js';
import { makeReserve } from '../lib/disk-room.js';
import { systemErrorCode } from '../lib/errors.js';
import { VERSION } from '../lib/package-root.js';
import { prepareDeadLetter } from '../replay/prepare-dead-letter.js';
import { ReplayService } from '../replay/replay-service.js';
import type { ReplayStatus } from '../replay/replay-status.js';
import type { JobRequest } from '../replay/replayer.js';
import { MappingWarnings } from '../rules/mapped.js';
import { compileOrThrow } from '../rules/rule-set.js';
import { createSink } from '../sink/create-sink.js';
import { keepFrom1970 } from '../sink/duckdb/row-retention.js';
import { failAsOtherUser } from './fail-as-other-user.js';
import { findGateway } from './find-gateway.js';

type OnStatus = (status: ReplayStatus) => void;

const STATUS_INTERVAL_MS = 200;

/**
 * Replays or purges. If a gateway runs on the data directory, it does so, by the rules in force there; else this
 * process does, under the lock, by the rules of the configuration. Resolves with the last status.
 */
export async function runReplay(
  configFile: string | undefined,
  request: ReplayCommand,
  onStatus: OnStatus,
): Promise<ReplayStatus> {
  // A gateway has the secrets itself, and whether the file is valid now does not concern it.
  const directory = dataDirectory(await loadDataDirectory(configFile));
  const holder = await findGateway(directory.root);
  if (holder !== undefined) return askGateway(holder, request, onStatus);
  const config = await loadConfig(configFile, { secrets: isWriting(request) ? 'needed' : 'optional' });
  try {
    await access(directory.deadLetter);
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return nothingToDo(request);
    throw thrown;
  }
  await failAsOtherUser(directory.root);
  const { lock, findings } = await openDataDirectory(directory, VERSION);
  for (const shortened of findings.shortenedFiles ?? []) {
    process.stderr.write(`${shortened.file}: ${shortenedFileLine(shortened)[1]}\n`);
  }
  try {
    return await withDeadLetterNoted(directory, findings.cleanStop, () =>
      replayHere(config, request, onStatus),
    );
  } finally {
    await lock.release();
  }
}

async function replayHere(
  config: SluiceConfig,
  { kind, selection, dryRun }: JobRequest,
  onStatus: OnStatus,
): Promise<ReplayStatus> {
  const clock = new SystemClock();
  const warn = (_fields: Record<string, unknown>, sentence: string) => {
    process.stderr.write(`${sentence}\n`);
  };
  const ruleSet = compileOrThrow(config.rules, config.mapping);
  const mappingWarnings = new MappingWarnings();
  const sink = createSink(config.sink, clock, warn, keepFrom1970);
  const typed = new TypedWriter(config.consumer.types, { sink, clock, warn });
  const directory = dataDirectory(config.dataDirectory);
  const states = await savedStates(directory, warn);
  await prepareDeadLetter({ ...directory, warn });
  const replay = await ReplayService.open({
    ...directory,
    // No reader runs that could save a checkpoint meanwhile.
    checkpointWaitMs: 0,
    store: {
      rulesInForce: () => ({
        apply: (record, state) =>
          ruleSet.apply(record, mappingWarnings, { limits: config.consumer.payload, state, isReplay: true }),
        state: states.overlay(),
      }),
      sink: { write: (points, signal) => typed.write(points, signal), status: () => sink.status() },
    },
    clock,
    onProgress: () => undefined,
    onFreed: async () => undefined,
    warn,
  });
  try {
    await replay.inspected();
    if (isWriting({ kind, dryRun })) await sink.open();
    return await watched(replay, { kind, selection, dryRun }, onStatus);
  } finally {
    await replay.close();
    if (isWriting({ kind, dryRun })) await sink.close();
    await makeReserve(directory.root);
  }
}

/** A purge and a preview do not ask the store. */
function isWriting({ kind, dryRun }: Pick<JobRequest, 'kind' | 'dryRun'>): boolean {
  return kind === 'replay' && dryRun !== true;
}

/** Runs the job. The first SIGINT or SIGTERM ends it: records that were not processed stay parked. */
async function watched(
  replay: ReplayService,
  request: JobRequest,
  onStatus: OnStatus,
): Promise<ReplayStatus> {
  const stop = () => replay.abort();
  const status = () => replay.report().status!;
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  replay.start(request);
  const statusTimer = setInterval(() => onStatus(status()), STATUS_INTERVAL_MS);
  try {
    await replay.ended();
  } finally {
    clearInterval(statusTimer);
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
  return status();
}

function nothingToDo({ kind, dryRun }: ReplayCommand): ReplayStatus {
  return {
    kind,
    state: 'done',
    dryRun,
    startedAtMs: Date.now(),
    selected: 0,
    outcomes: { written: 0, filtered: 0, parkedAgain: 0, purged: 0 },
    parkedAgain: {},
  };
}
