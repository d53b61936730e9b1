import { createInterface } from 'node:readline/promises';
import { loadConfig } from '../config/load-config.js';
import { MAX_SELECTED_IDS, type ParkedSelection, readSelection } from '../dead-letter/selection.js';
import type { SettlingKind, SettlingStatus } from '../dead-letter/settling-status.js';
import { SluiceError } from '../errors.js';
import type { DeadLetterSettleOptions } from './options.js';
import { runSettling } from './run-settling.js';
import { closingLine, progressLine } from './settling-lines.js';

/** `sluice dead-letters replay`: parked records once more by the rules in force. */
export function replayDeadLetters(ids: readonly string[], options: DeadLetterSettleOptions): Promise<number> {
  return settle('replay', ids, options);
}

/** `sluice dead-letters purge`: lets go of parked records, for good. */
export async function purgeDeadLetters(
  ids: readonly string[],
  options: DeadLetterSettleOptions,
): Promise<number> {
  if (!options.dryRun && !options.yes && !(await isPurgeMeant(ids, options))) return 2;
  return settle('purge', ids, options);
}

/** Exit code 0: every selected record is settled; 1: some were parked again, or are left. */
async function settle(
  kind: SettlingKind,
  ids: readonly string[],
  options: DeadLetterSettleOptions,
): Promise<number> {
  const status = await run(kind, ids, options, options.dryRun);
  const { selected, settled, state } = status;
  if (options.json) process.stdout.write(`${JSON.stringify(status)}\n`);
  else process.stdout.write(`${closingLine(status)}\n`);
  if (status.failure !== undefined) process.stderr.write(`${status.failure}\n`);
  if (state !== 'done' || (ids.length > 0 && selected === 0)) return 1;
  return settled.parkedAgain > 0 && !status.dryRun ? 1 : 0;
}

async function run(
  kind: SettlingKind,
  ids: readonly string[],
  options: DeadLetterSettleOptions,
  dryRun: boolean,
): Promise<SettlingStatus> {
  const selection = selectionOf(ids, options);
  const config = await loadConfig(options.config);
  const isShown = process.stderr.isTTY === true;
  const status = await runSettling(config, { kind, selection, dryRun }, (now) => {
    if (isShown) process.stderr.write(`\r\x1b[K${progressLine(now)}`);
  });
  if (isShown) process.stderr.write('\r\x1b[K');
  return status;
}

function selectionOf(
  ids: readonly string[],
  { code, topic, rule, all, olderThanMs }: DeadLetterSettleOptions,
): ParkedSelection {
  if (ids.length > MAX_SELECTED_IDS) {
    throw new SluiceError(
      'USAGE_INVALID',
      `${ids.length} ids are more than the ${MAX_SELECTED_IDS} of one call; --code, --topic or --rule says the same in less`,
    );
  }
  const read = readSelection({
    ...(ids.length === 0 ? {} : { ids }),
    ...(code === undefined ? {} : { code }),
    ...(topic === undefined ? {} : { topic }),
    ...(rule === undefined ? {} : { rule }),
    ...(olderThanMs === undefined ? {} : { parkedBeforeMs: Date.now() - olderThanMs }),
    ...(all ? { all } : {}),
  });
  if (typeof read !== 'string') return read;
  throw new SluiceError('USAGE_INVALID', `${read} (ids, --code, --topic, --rule, --all)`);
}

async function isPurgeMeant(ids: readonly string[], options: DeadLetterSettleOptions): Promise<boolean> {
  if (!process.stdin.isTTY) {
    process.stderr.write(
      'purge lets go of parked records for good: say --yes, or look with --dry-run first\n',
    );
    return false;
  }
  const { selected } = await run('purge', ids, options, true);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await prompt.question(`Let go of ${selected} parked records for good? [y/N] `);
  prompt.close();
  return /^y(es)?$/i.test(answer.trim());
}
