import { createInterface } from 'node:readline/promises';
import { loadDataDirectory } from '../config/load-config.js';
import { SluiceError } from '../lib/errors.js';
import { printable } from '../lib/printable.js';
import type { ReplayKind, ReplayStatus } from '../replay/replay-status.js';
import { MAX_SELECTED_IDS, type ParkedSelection, readSelection } from '../replay/selection.js';
import { onlyCountedLine } from './only-counted.js';
import type { DeadLetterReplayOptions } from './options.js';
import { runReplay } from './run-replay.js';

/** `sluice dead-letters replay` processes parked records again by the rules in force. */
export function replayDeadLetters(ids: readonly string[], options: DeadLetterReplayOptions): Promise<number> {
  return runAndReport('replay', ids, options);
}

/** `sluice dead-letters purge` deletes parked records. */
export async function purgeDeadLetters(
  ids: readonly string[],
  options: DeadLetterReplayOptions,
): Promise<number> {
  if (!options.dryRun && !options.yes && !(await isPurgeConfirmed(ids, options))) return 2;
  return runAndReport('purge', ids, options);
}

/** Resolves with the exit code. 0: no selected record is parked any more; 1: some were parked again, or are left. */
async function runAndReport(
  kind: ReplayKind,
  ids: readonly string[],
  options: DeadLetterReplayOptions,
): Promise<number> {
  const status = await run(kind, ids, options, options.dryRun);
  const { selected, outcomes, state } = status;
  if (options.json) process.stdout.write(`${JSON.stringify(status)}\n`);
  else {
    const { topic, rule, user, olderThanMs, code } = options;
    const isForCode = ids.length === 0 && [topic, rule, user, olderThanMs].every((one) => one === undefined);
    const line = isForCode ? await onlyCountedLine(await loadDataDirectory(options.config), code) : '';
    process.stdout.write(`${closingLine(status)}\n${line}`);
  }
  if (status.failure !== undefined) process.stderr.write(`${status.failure}\n`);
  if (state !== 'done' || (ids.length > 0 && selected === 0)) return 1;
  const stays = outcomes.parkedAgain > 0 || (status.withoutPayload ?? 0) > 0;
  return stays && !status.dryRun ? 1 : 0;
}

async function run(
  kind: ReplayKind,
  ids: readonly string[],
  options: DeadLetterReplayOptions,
  dryRun: boolean,
): Promise<ReplayStatus> {
  const selection = selectionOf(ids, options);
  const isShown = process.stderr.isTTY === true;
  const status = await runReplay(options.config, { kind, selection, dryRun }, (now) => {
    if (isShown) process.stderr.write(`\r\x1b[K${progressLine(now)}`);
  });
  if (isShown) process.stderr.write('\r\x1b[K');
  return status;
}

function selectionOf(
  ids: readonly string[],
  { code, topic, rule, user, all, olderThanMs }: DeadLetterReplayOptions,
): ParkedSelection {
  if (ids.length > MAX_SELECTED_IDS) {
    throw new SluiceError(
      'USAGE_INVALID',
      `${ids.length} ids are more than the ${MAX_SELECTED_IDS} that one call can take; select with --code, --topic, --rule or --user instead`,
    );
  }
  const read = readSelection({
    ids: ids.length === 0 ? undefined : ids,
    code,
    topic,
    rule,
    user,
    parkedBeforeMs: olderThanMs === undefined ? undefined : Date.now() - olderThanMs,
    all: all ? true : undefined,
  });
  if (typeof read !== 'string') return read;
  throw new SluiceError('USAGE_INVALID', `${read} (ids, --code, --topic, --rule, --user, --all)`);
}

async function isPurgeConfirmed(ids: readonly string[], options: DeadLetterReplayOptions): Promise<boolean> {
  if (!process.stdin.isTTY) {
    process.stderr.write(
      'purge deletes parked records for good: confirm with --yes, or preview the result with --dry-run\n',
    );
    return false;
  }
  const { selected } = await run('purge', ids, options, true);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await prompt.question(`Delete ${selected} parked records for good? [y/N] `);
  prompt.close();
  if (/^y(es)?$/i.test(answer.trim())) return true;
  process.stderr.write('nothing was purged\n');
  return false;
}

const REASON_CHARACTERS = 200;
/** A preview does not ask the store, which may refuse the same points again. */
const WOULD_BE_SENT = 'would be sent to the store';

/** The line on a terminal while the job runs. */
export function progressLine(status: ReplayStatus): string {
  const { kind, selected, waitingFor } = status;
  const waiting = waitingFor === undefined ? '' : `; waiting: ${printable(waitingFor, REASON_CHARACTERS)}`;
  return `${kind}: ${processedRecords(status)} of ${selected}${waiting}`;
}

/** The line at the end, such as `replayed 12: 10 written, 1 filtered, 1 parked again (field-wrong-type)`. */
export function closingLine(status: ReplayStatus): string {
  const { kind, dryRun, selected, outcomes, state } = status;
  const rest = notes(status);
  if (selected === 0 && state === 'done')
    return `no parked record ${rest === '' ? 'matches' : `can be replayed${rest}`}`;
  const done = processedRecords(status);
  const isPreview = dryRun && kind === 'replay';
  const verb = dryRun ? `would ${kind}` : { replay: 'replayed', purge: 'purged' }[kind];
  const parts = [
    ...(outcomes.written > 0 ? [`${outcomes.written} ${isPreview ? WOULD_BE_SENT : 'written'}`] : []),
    ...(outcomes.filtered > 0 ? [`${outcomes.filtered} filtered`] : []),
    ...(outcomes.parkedAgain > 0 ? [`${outcomes.parkedAgain} parked again (${reasons(status)})`] : []),
  ];
  const left = selected - done;
  return [
    `${verb} ${done}`,
    parts.length === 0 ? '' : `: ${parts.join(', ')}`,
    left > 0 ? `; ${left} left, ${state}` : '',
    isPreview && outcomes.written > 0 ? '; the store was not asked' : '',
    rest,
  ].join('');
}

/** What matches and cannot be replayed, and what cannot even be read. */
function notes({ kind, dryRun, withoutPayload = 0, unreadable = 0 }: ReplayStatus): string {
  const all = [
    ...(withoutPayload > 0 ? [`; ${withoutPayload} stay parked, their payload is not kept`] : []),
    ...(unreadable > 0 ? [`; ${unreadable} lines cannot be read`] : []),
  ];
  if (unreadable > 0 && kind === 'replay' && !dryRun) all.push(' (a purge with --all deletes them)');
  return all.join('');
}

function processedRecords({ outcomes: { written, filtered, parkedAgain, purged } }: ReplayStatus): number {
  return written + filtered + parkedAgain + purged;
}

function reasons({ parkedAgain }: ReplayStatus): string {
  const codes = Object.entries(parkedAgain);
  if (codes.length === 1) return codes[0]![0];
  return codes.map(([code, records]) => `${records} ${code}`).join(', ');
}
