import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { type BenchOptions, ONLY_NAMED, PARTS, type PartName } from './options.js';

const AFTER_HELP = `
Parts:
  access-passwords
              write and fdatasync of the log while 500 passwords are checked
  ack         durable acknowledge rate at QoS 0, 1 and 2 for 1, 20 and 200 connections, beside Mosquitto
  ack-5       the acknowledge rate with MQTT 5 and topic aliases, beside MQTT 3.1.1 and beside Mosquitto with MQTT 5
  ack-access  the acknowledge rate with users and permissions, beside that without
  ack-latency PUBACK times of 1,000 clients that publish once a second, beside Mosquitto
  connections memory of 10,000 idle connections and CPU of a new one, beside Mosquitto, aedes and sockets of Node alone
  e2e-influx  MQTT to InfluxDB 1.x (influxd in PATH), counted in the store
  e2e-duckdb  MQTT to DuckDB, counted in its file
  e2e-influx-windows, e2e-duckdb-windows
              the same with five fields, alternately without windows and with three resolutions of them
  e2e-kinesis MQTT to a Kinesis that answers at once, with --role ingest
  fair-shares PUBACK times of 20 quiet clients, without and with a client that floods, beside Mosquitto
  kinesis     log to Kinesis and Kinesis to sink, beside one PutRecord a message; what Kinesis would bill
  micro       decode, map, encode, append, inspect: each beside its alternative
  observers   ingest without and with a subscriber of everything, also one that never reads, beside Mosquitto
  reading     the live page's questions with 10,000 devices in DuckDB and InfluxDB 1.x
  storm       5,000 clients that connect at once, until the last CONNACK, beside Mosquitto
  tls         the acknowledge rate over TLS, beside that without and beside Mosquitto with TLS
  tls-reconnect
              5,000 devices that connect over TLS at once, with and without session tickets, beside Mosquitto
  windows-fleet
              windows of 10,000 series at 10,000 points/s in both stores; only when it is named: 23 minutes
  windows-restart
              a restart with 100,000 series in DuckDB, without windows and with them

What each part measures and what it does not: docs/benchmarks.md
Exit codes: 0 fine; 1 a count was wrong, or a part that was named could not run; 2 wrong usage.`;

interface RawOptions {
  readonly messages?: number;
  readonly repeat?: number;
  readonly quick?: true;
  readonly directory: string;
  readonly results: string;
  readonly against?: string;
}

/** The command line of the benches. */
export function benchCommand(): Command {
  return new Command('bench')
    .description('Measures the gateway and its parts, each beside what it is compared with.')
    .addArgument(new Argument('[parts...]', 'what to measure (default: everything)').choices(PARTS))
    .addOption(
      new Option(
        '--messages <n>',
        'messages of one run (default: ack 100000, ack-5 200000, ack-access 500000, e2e and kinesis 400000, with windows 2000000; connections 10000, storm 5000: clients)',
      ).argParser(count),
    )
    .addOption(
      new Option('--repeat <n>', 'runs behind each figure: median and min..max (default: 3)').argParser(
        count,
      ),
    )
    .addOption(new Option('--quick', 'under a minute in all, to see that everything works'))
    .addOption(
      new Option('--directory <path>', 'disk to measure on: what is stored goes below it').default(tmpdir()),
    )
    .addOption(new Option('--results <path>', 'folder for the JSON').default('bench/results'))
    .addOption(
      new Option(
        '--against <folder>',
        'another checkout of Sluice, built, that ack measures alternately with this one: what a change costs',
      ).argParser(launcherOf),
    )
    .addHelpText('after', AFTER_HELP)
    .showHelpAfterError('Run with --help to see the options.');
}

/** Throws CommanderError for --help and wrong usage, after it has written the text. */
export function parseBench(command: Command, args: readonly string[]): BenchOptions {
  command.exitOverride().parse(args, { from: 'user' });
  const named = command.args as PartName[];
  const raw = command.opts<RawOptions>();
  return {
    parts: PARTS.filter((part) => (named.length === 0 ? !ONLY_NAMED.has(part) : named.includes(part))),
    areNamed: named.length > 0,
    messages: raw.messages,
    repeat: raw.repeat,
    isQuick: raw.quick === true,
    directory: raw.directory,
    results: raw.results,
    ...(raw.against !== undefined && { against: raw.against }),
  };
}

/** The launcher of a checkout; throws InvalidArgumentError when it is not there, or not built. */
function launcherOf(folder: string): string {
  const launcher = join(resolve(folder), 'bin', 'sluice.js');
  if (!existsSync(launcher)) throw new InvalidArgumentError(`There is no ${launcher}.`);
  if (!existsSync(join(resolve(folder), 'dist')))
    throw new InvalidArgumentError(`It is not built: run "npm ci && npm run build" in ${folder}.`);
  return launcher;
}

function count(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > 100_000_000)
    throw new InvalidArgumentError('Give a whole number from 1 to 100000000.');
  return value;
}
