import { type Command, Option } from 'commander';
import { PARK_CODES } from '../../dead-letter/park-codes.js';
import type { DeadLetterListOptions, DeadLetterSettleOptions, DeadLetterShowOptions } from '../options.js';
import { help } from './help-text.js';
import { configOption, duration, wholeNumber } from './option-values.js';

const DEFAULT_LIST_LIMIT = 50;

export function addDeadLetters(program: Command, finish: (exitCode: number) => void): void {
  const deadLetters = program
    .command('dead-letters')
    .description('Look at the records that were parked, replay them, or let go of them.')
    .addHelpText(
      'after',
      help([
        'sluice dead-letters list --code time-outside-window',
        'sluice dead-letters show <id>',
        'sluice dead-letters replay --code rule-none',
      ]),
    );
  deadLetters
    .command('list')
    .description('List parked records, newest first.')
    .addOption(configOption())
    .option('--limit <number>', 'how many at most', wholeNumber(1, 1_000_000), DEFAULT_LIST_LIMIT)
    .addOption(new Option('--code <code>', 'only those parked for this reason').choices(PARK_CODES))
    .option('--topic <topic>', 'only those of this topic')
    .option('--json', 'print JSON, one record a line', false)
    .addHelpText('after', help(['sluice dead-letters list', 'sluice dead-letters list --json --limit 1000']))
    .action(async (options: DeadLetterListOptions) => {
      const { listDeadLetters } = await import('../dead-letters.js');
      finish(await listDeadLetters(options));
    });
  deadLetters
    .command('show')
    .description('Show one parked record with its payload.')
    .argument('<id>', 'its id, as list shows it')
    .addOption(configOption())
    .option('--json', 'print JSON', false)
    .addHelpText('after', help(['sluice dead-letters show <id>', 'sluice dead-letters show <id> --json']))
    .action(async (id: string, options: DeadLetterShowOptions) => {
      const { showDeadLetter } = await import('../dead-letters.js');
      finish(await showDeadLetter(id, options));
    });
  settleOptions(deadLetters.command('replay'))
    .description('Decide parked records again, by the rules of now, and write them to the store.')
    .addHelpText(
      'after',
      help(
        [
          'sluice dead-letters replay --code field-wrong-type --dry-run',
          'sluice dead-letters replay --topic sensors/mumbai/CITIMUM/telemetry',
          'sluice dead-letters replay --all',
        ],
        'A running gateway does it by the rules it was started with. Exit code 1 also when records were parked again.',
      ),
    )
    .action(async (ids: string[], options: DeadLetterSettleOptions) => {
      const { replayDeadLetters } = await import('../settle-dead-letters.js');
      finish(await replayDeadLetters(ids, options));
    });
  settleOptions(deadLetters.command('purge'))
    .description('Let go of parked records for good; the books count them as purged.')
    .addOption(
      new Option('--older-than <duration>', 'only those parked longer ago, such as 7d').argParser(duration),
    )
    .option('--yes', 'do not ask', false)
    .addHelpText(
      'after',
      help([
        'sluice dead-letters purge --older-than 30d --dry-run',
        'sluice dead-letters purge --code payload-not-json --yes',
      ]),
    )
    .action(async (ids: string[], { olderThan, ...options }: PurgeWritten) => {
      const { purgeDeadLetters } = await import('../settle-dead-letters.js');
      const olderThanMs = olderThan === undefined ? {} : { olderThanMs: olderThan };
      finish(await purgeDeadLetters(ids, { ...options, ...olderThanMs }));
    });
}

type PurgeWritten = Omit<DeadLetterSettleOptions, 'olderThanMs'> & { readonly olderThan?: number };

/** What replay and purge have in common: of several conditions all must hold. */
function settleOptions(command: Command): Command {
  return command
    .argument('[ids...]', 'ids, as list shows them')
    .addOption(configOption())
    .addOption(new Option('--code <code>', 'only those parked for this reason').choices(PARK_CODES))
    .option('--topic <topic>', 'only those of this topic')
    .option('--rule <rule>', 'only those that this rule took')
    .option('--all', 'every parked record', false)
    .option('--dry-run', 'show how many there are and what would become of them', false)
    .option('--json', 'print JSON', false);
}
