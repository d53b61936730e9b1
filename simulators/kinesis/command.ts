import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT_WITH_PARENT } from '../parent-process.js';

/** The options of `npm run kinesis`. */
export interface KinesisCall {
  readonly port: number;
  readonly stream: string;
  readonly shards: number;
  readonly region: string;
  /** Absolute or relative, as the user typed it. */
  readonly persist?: string;
  readonly exitWithParent?: true;
}

const AFTER_HELP = `
It replaces Kinesis during development: no credentials, no throttling, 300 to 1,000 records/s, on 127.0.0.1 only.
Records are lost when it ends, unless --persist names a directory: then even kill -9 costs only the last second.
Exit codes: 0 ended by Ctrl+C; 1 it could not start, or ended unexpectedly; 2 wrong usage.`;

export function kinesisCommand(environment: NodeJS.ProcessEnv): Command {
  return new Command('kinesis')
    .description('Runs a local Kinesis (kinesis-local) with one stream, for Sluice in Kinesis mode.')
    .addOption(
      new Option('--port <n>', 'port of its HTTP endpoint; 0 for a free one')
        .argParser(integer(0, 65_535))
        .default(4568),
    )
    .addOption(new Option('--stream <name>', 'name of the stream').argParser(streamName).default('telemetry'))
    .addOption(new Option('--shards <n>', 'shards of the stream').argParser(integer(1, 500)).default(4))
    .addOption(
      new Option('--region <name>', 'AWS region of the stream; a client of another region does not see it')
        .argParser(regionName)
        .default(environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? 'us-east-1'),
    )
    .addOption(new Option('--persist <directory>', 'keep streams and records there, saved every second'))
    .addOption(new Option('--exit-with-parent', EXIT_WITH_PARENT))
    .allowExcessArguments(false)
    .addHelpText('after', AFTER_HELP)
    .showHelpAfterError('Run with --help to see the options.');
}

function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : -1;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

function streamName(text: string): string {
  if (/^[A-Za-z0-9_.-]{1,128}$/.test(text)) return text;
  throw new InvalidArgumentError('Give 1 to 128 letters, digits, _, . or -.');
}

function regionName(text: string): string {
  if (/^[a-z]{2}(-[a-z]+)+-\d$/.test(text)) return text;
  throw new InvalidArgumentError('Give a region like eu-west-1.');
}
