import { access, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { SystemClock } from '../clock.js';
import type { SluiceConfig } from '../config/sluice-config.js';
import type { JobRequest } from '../consumer/replayer.js';
import { createNoteCounts } from '../consumer/rules/notes.js';
import { askGateway } from '../control/ask-gateway.js';
import type { ControlRequest } from '../control/control-protocol.js';
import { connectToLockHolder, dataDirectory, lockDataDirectory } from '../data-directory.js';
import type { SettlingStatus } from '../dead-letter/settling-status.js';
import { errorText, SluiceError, systemErrorCode } from '../errors.js';
import { SettlingDesk } from '../threads/settling-desk.js';
import { compileOrThrow, createSink } from '../threads/wired-store.js';

type OnStatus = (status: SettlingStatus) => void;

const STATUS_INTERVAL_MS = 200;

/**
 * Replays or purges: through the gateway when one runs on the data directory, by the rules it was started with; else
 * here, under the lock, by those of the configuration. Resolves with how it ended.
 */
export async function runSettling(
  config: SluiceConfig,
  request: ControlRequest,
  onStatus: OnStatus,
): Promise<SettlingStatus> {
  const holder = await lockHolder(config.dataDirectory);
  if (holder !== undefined) return askGateway(holder, request, onStatus);
  const directory = dataDirectory(config.dataDirectory);
  try {
    await access(directory.deadLetter);
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return nothingThere(request);
    throw thrown;
  }
  await refuseAsOther(directory.root);
  const lock = await lockDataDirectory(directory);
  try {
    return await settleHere(config, request, onStatus);
  } finally {
    await lock.release();
  }
}

/** Journals and store would be another user's: the gateway could not open them any more. */
async function refuseAsOther(root: string): Promise<void> {
  const { uid } = await stat(root);
  if (process.getuid === undefined || process.getuid() === uid) return;
  throw new SluiceError(
    'DATA_DIRECTORY_UNUSABLE',
    `the data directory ${root} belongs to the user with the id ${uid}, and no gateway runs on it; ` +
      'run this as that user, or while the gateway runs',
  );
}

async function lockHolder(root: string): Promise<Socket | undefined> {
  try {
    return await connectToLockHolder(root);
  } catch (thrown) {
    if (['ECONNREFUSED', 'ENOENT', 'ENOTDIR'].includes(systemErrorCode(thrown) ?? '')) return undefined;
    throw new SluiceError(
      'CONTROL_FAILED',
      `the gateway that runs on ${root} cannot be reached: ${errorText(thrown)}; run this as the same user`,
    );
  }
}

async function settleHere(
  config: SluiceConfig,
  { kind, selection, dryRun }: JobRequest,
  onStatus: OnStatus,
): Promise<SettlingStatus> {
  const clock = new SystemClock();
  const warn = (_fields: Record<string, unknown>, sentence: string) => {
    process.stderr.write(`${sentence}\n`);
  };
  const ruleSet = compileOrThrow(config.rules);
  const notes = createNoteCounts();
  const sink = createSink(config.sink, clock, warn);
  const isWriting = kind === 'replay' && dryRun !== true;
  const directory = dataDirectory(config.dataDirectory);
  // Nobody saves a checkpoint meanwhile: nothing to wait for.
  const desk = await SettlingDesk.open({ ...directory, checkpointWaitMs: 0 });
  try {
    if (isWriting) await sink.open();
    desk.begin({
      store: { apply: (record) => ruleSet.apply(record, notes, config.consumer.payload), sink },
      clock,
      hooks: { onSettled: () => undefined, warn },
      onFreed: async () => undefined,
    });
    return await watched(desk, { kind, selection, ...(dryRun === undefined ? {} : { dryRun }) }, onStatus);
  } finally {
    await desk.close();
    if (isWriting) await sink.close();
  }
}

/** The first SIGINT or SIGTERM ends the job: what is not settled then stays parked. */
async function watched(desk: SettlingDesk, request: JobRequest, onStatus: OnStatus): Promise<SettlingStatus> {
  const stop = () => desk.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  desk.start(request);
  const showing = setInterval(() => onStatus(desk.report().status!), STATUS_INTERVAL_MS);
  try {
    await desk.ended();
  } finally {
    clearInterval(showing);
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
  return desk.report().status!;
}

function nothingThere({ kind, dryRun }: ControlRequest): SettlingStatus {
  return {
    kind,
    state: 'done',
    dryRun,
    startedAtMs: Date.now(),
    selected: 0,
    settled: { written: 0, filtered: 0, parkedAgain: 0, purged: 0 },
    parkedAgain: {},
  };
}
