import type { Command } from 'commander';
import type { StreamCreateOptions, StreamDeleteOptions, StreamDescribeOptions } from '../options.js';
import { help } from './help-text.js';
import { configOption, wholeNumber } from './option-values.js';

export function addStream(program: Command, finish: (exitCode: number) => void): void {
  const stream = program
    .command('stream')
    .description('Make, look at or delete the Kinesis stream of the configuration.')
    .addHelpText('after', help(['sluice stream create --shards 2', 'sluice stream describe']));
  stream
    .command('create')
    .description('Make the stream and wait until it is ACTIVE; tells when it exists already.')
    .addOption(configOption())
    .option('--shards <number>', 'provisioned shards (default: on demand)', wholeNumber(1, 100_000))
    .addHelpText('after', help(['sluice stream create', 'sluice stream create -c sluice.yaml --shards 4']))
    .action(async ({ config, shards }: StreamCreateOptions) => {
      const { createStream, onConfiguredStream } = await import('../stream.js');
      const own = shards === undefined ? {} : { shards };
      finish(await onConfiguredStream(config, (command) => createStream({ ...command, ...own })));
    });
  stream
    .command('describe')
    .description('Show its shards, and how far the application of the configuration is in each.')
    .addOption(configOption())
    .option('--json', 'print JSON', false)
    .addHelpText('after', help(['sluice stream describe', 'sluice stream describe --json']))
    .action(async ({ config, json }: StreamDescribeOptions) => {
      const { describeStream, onConfiguredStream } = await import('../stream.js');
      const { readApplication } = await import('../stream-reading.js');
      finish(
        await onConfiguredStream(config, async (command, kinesis, directory) => {
          const reading = await readApplication({ kinesis, directory, api: command.api });
          return describeStream({ ...command, json, reading });
        }),
      );
    });
  stream
    .command('delete')
    .description('Delete the stream with every record in it, and wait until it is gone.')
    .addOption(configOption())
    .option('--yes', 'really do it', false)
    .addHelpText('after', help(['sluice stream delete --yes']))
    .action(async ({ config, yes }: StreamDeleteOptions) => {
      const { deleteStream, onConfiguredStream } = await import('../stream.js');
      finish(await onConfiguredStream(config, (command) => deleteStream({ ...command, yes })));
    });
}
