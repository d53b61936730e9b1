import { type Command, Option } from 'commander';
import { PARK_CODES } from '../dead-letter/park-codes.js';
import { configOption, duration, type SuggestOptions, wholeNumber } from './options.js';
import { help } from './usage.js';

/** As commander passes them. */
type SuggestWritten = Omit<SuggestOptions, 'forMs'> & { readonly for?: number };

export function addSuggest(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('suggest')
    .description('Read messages of devices, and write rules to start from, with comments that say why.')
    .addOption(configOption())
    .option('--samples <path>', 'messages: a file, a directory, or - for stdin')
    .option('--topic <topic>', 'topic of payloads without one; with --dead-letter only records of this topic')
    .option('--whole', 'with --topic: each file is one payload, and not each line', false)
    .option(
      '--follow [filter]',
      'messages of these topics that the running gateway of the configuration maps',
    )
    .addOption(
      new Option('--for <duration>', 'with --follow: end after this time (default: 30s)').argParser(duration),
    )
    .option('--messages <number>', 'with --follow: end after so many (default: 200)', wholeNumber(1, 5_000))
    .option('--dead-letter', 'parked records of the configuration’s data directory', false)
    .addOption(
      new Option('--code <code>', 'with --dead-letter: only records parked for this reason').choices(
        PARK_CODES,
      ),
    )
    .option('--output <file>', 'file to write (default: stdout)')
    .option('--force', 'replace the file if it is there', false)
    .addHelpText(
      'after',
      help(
        [
          'suggest --samples recorded.jsonl --output suggested.yaml',
          'suggest --topic loggers/l1/data --samples payloads.txt',
          `suggest -c sluice.yaml --follow 'sensors/#' --for 1min`,
          'suggest -c sluice.yaml --dead-letter --code rule-none',
        ],
        'The lines of a file are those of `explain --file`; a file *.yaml has the cases of `check --samples`. Without a message to\nmake a rule for the exit code is 1. docs/suggest.md shows what is found.',
      ),
    )
    .action(async ({ for: forMs, ...options }: SuggestWritten) => {
      const { suggest } = await import('./suggest.js');
      finish(await suggest({ ...options, ...(forMs !== undefined && { forMs }) }));
    });
}
