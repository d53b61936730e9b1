import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../config/duration.js';
import { PARK_CODES } from '../dead-letter/park-codes.js';
import { ROLES } from '../gateway-options.js';
import { VERSION } from '../version.js';
import type { DoctorOptions } from './doctor.js';
import type {
  CheckOptions,
  DashboardOptions,
  DeadLetterListOptions,
  DeadLetterSettleOptions,
  DeadLetterShowOptions,
  DemoOptions,
  ExplainOptions,
  StartOptions,
  StreamCreateOptions,
  StreamDeleteOptions,
  StreamDescribeOptions,
} from './options.js';

/**
 * The command line. Each command is loaded when it is run, so that help and mistakes are answered at once.
 * `finish` gets the exit code of the command that ran.
 */
export function buildProgram(finish: (exitCode: number) => void): Command {
  const program = new Command('sluice')
    .description(
      'IoT telemetry gateway: MQTT in, every acknowledged packet on disk, points in InfluxDB or DuckDB.',
    )
    .version(VERSION, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('(--help shows the usage)')
    .addHelpText(
      'after',
      help(
        [
          'sluice demo',
          'sluice start -c sluice.yaml',
          'sluice check -c sluice.yaml',
          'sluice dead-letters list',
        ],
        'Every command has its own --help.',
      ),
    );
  addStart(program, finish);
  addDemo(program, finish);
  addCheck(program, finish);
  addDoctor(program, finish);
  addExplain(program, finish);
  addDashboard(program, finish);
  addDeadLetters(program, finish);
  addStream(program, finish);
  return program;
}

const EXIT_CODES = `Exit codes:
  0  fine
  1  failed at run time
  2  wrong usage or invalid configuration; nothing was started or written`;

function help(examples: readonly string[], note = ''): string {
  const lines = examples.map((example) => `  $ ${example}`);
  return `\nExamples:\n${lines.join('\n')}\n\n${EXIT_CODES}${note === '' ? '' : `\n\n${note}`}`;
}

function addStart(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('start')
    .description('Run the gateway until SIGTERM or SIGINT; the first drains, a second ends at once.')
    .addOption(configOption())
    .addOption(
      new Option(
        '--role <role>',
        'with stream.mode: kinesis, the half of the path to run: broker to Kinesis (ingest), Kinesis to store (consume), or both',
      )
        .choices(ROLES)
        .default('all'),
    )
    .addHelpText(
      'after',
      help(['sluice start', 'sluice start -c /etc/sluice/sluice.yaml', 'sluice start --role ingest']),
    )
    .action(async (options: StartOptions) => {
      const { start } = await import('./start.js');
      finish(await start(options));
    });
}

function addDemo(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('demo')
    .description('Run everything on embedded defaults: gateway, simulated sensors, DuckDB, live page.')
    .option('--mqtt-port <port>', 'port of the MQTT listener', wholeNumber(0, 65_535), 1883)
    .option('--http-port <port>', 'port of the live page', wholeNumber(0, 65_535), 8080)
    .option('--data-directory <path>', 'where to keep its data (default: ./data/demo)')
    .option('--devices <number>', 'simulated devices', wholeNumber(1, 1_000_000))
    .option('--rate <number>', 'readings a second of all devices together', positiveNumber)
    .addOption(
      new Option('--stream <mode>', 'straight from the log, or through a local Kinesis')
        .choices(['direct', 'kinesis'])
        .default('direct'),
    )
    .option('--no-fleet', 'simulate no sensors')
    .addHelpText(
      'after',
      help([
        'sluice demo',
        'sluice demo --stream kinesis',
        'sluice demo --mqtt-port 0 --devices 500 --rate 2000',
      ]),
    )
    .action(async (options: DemoOptions) => {
      const { demo } = await import('./demo.js');
      finish(await demo(options));
    });
}

function addCheck(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('check')
    .description('Tell whether start would start: configuration, ports, data directory. Changes nothing.')
    .addOption(configOption())
    .option('--print', 'show the configuration in force, secrets as set or unset', false)
    .addHelpText('after', help(['sluice check', 'sluice check -c sluice.yaml --print']))
    .action(async (options: CheckOptions) => {
      const { check } = await import('./check.js');
      finish(await check(options));
    });
}

function addDoctor(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('doctor')
    .description('Check configuration, ports, disk, clock, store and stream, and say what to mend.')
    .addOption(configOption())
    .option('--json', 'print JSON', false)
    .addHelpText('after', help(['sluice doctor', 'sluice doctor -c sluice.yaml --json']))
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('./doctor.js');
      finish(await doctor(options));
    });
}

function addExplain(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('explain')
    .description(
      'Show what the rules make of one packet: the rule that takes it, the lines, or why it is parked.',
    )
    .addOption(configOption())
    .requiredOption('--topic <topic>', 'topic the packet is published to')
    .requiredOption('--payload <payload>', 'its payload: text, @file, or - for stdin')
    .option('--client-id <id>', 'client id of the publisher', 'explain')
    .addOption(new Option('--qos <level>', 'its QoS').choices(['0', '1', '2']).default(1).argParser(qosLevel))
    .option('--received-at <time>', 'receive time, RFC 3339 (default: now)')
    .option('--json', 'print JSON', false)
    .addHelpText(
      'after',
      help([
        `sluice explain --topic sensors/mumbai/CITIMUM/telemetry --payload '{"temperature": 31.2}'`,
        'sluice explain -c sluice.yaml --topic home/kitchen/telemetry --payload @reading.json --json',
      ]),
    )
    .action(async (options: ExplainOptions) => {
      const { explain } = await import('./explain.js');
      finish(await explain(options));
    });
}

function addDashboard(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('dashboard')
    .description(
      'Write a Grafana dashboard for the rules of the configuration: latest values, silent devices, every field over time.',
    )
    .addOption(configOption())
    .option('--out <file>', 'file to write; one that is there is replaced (default: stdout)')
    .option('--title <title>', 'title in Grafana', someText, 'Telemetry')
    .option(
      '--uid <uid>',
      'uid in Grafana: a dashboard with the same uid is replaced',
      dashboardUid,
      'sluice-rules',
    )
    .option('--datasource-uid <uid>', 'uid of the InfluxDB data source that is chosen at first', 'iot-influx')
    .option('--from-store', 'ask InfluxDB which fields there are, and of which type', false)
    .addHelpText(
      'after',
      help(
        [
          'sluice dashboard -c sluice.yaml > telemetry.json',
          'sluice dashboard -c sluice.yaml --out grafana/dashboards/telemetry.json --title "My sensors"',
          'sluice dashboard --from-store',
        ],
        'A rule can say the unit of a field: fields: { t: { path: payload.t, unit: celsius } }. docs/rules.md lists the words.',
      ),
    )
    .action(async (options: DashboardOptions) => {
      const { dashboard } = await import('./dashboard.js');
      finish(await dashboard(options));
    });
}

const DEFAULT_LIST_LIMIT = 50;

function addDeadLetters(program: Command, finish: (exitCode: number) => void): void {
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
      const { listDeadLetters } = await import('./dead-letters.js');
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
      const { showDeadLetter } = await import('./dead-letters.js');
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
      const { replayDeadLetters } = await import('./settle-dead-letters.js');
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
      const { purgeDeadLetters } = await import('./settle-dead-letters.js');
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

function addStream(program: Command, finish: (exitCode: number) => void): void {
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
      const { createStream, onConfiguredStream } = await import('./stream.js');
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
      const { describeStream, onConfiguredStream } = await import('./stream.js');
      const { readApplication } = await import('./stream-reading.js');
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
      const { deleteStream, onConfiguredStream } = await import('./stream.js');
      finish(await onConfiguredStream(config, (command) => deleteStream({ ...command, yes })));
    });
}

function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file (default: ./sluice.yaml if it is there)');
}

function wholeNumber(min: number, max: number): (written: string) => number {
  return (written) => {
    const value = /^\d+$/.test(written) ? Number(written) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number, ${min} to ${max}.`);
  };
}

function duration(written: string): number {
  const read = parseDuration(written);
  if (read.ok) return read.value;
  throw new InvalidArgumentError(`${read.hint}.`);
}

function positiveNumber(written: string): number {
  const value = /^\d+(?:\.\d+)?$/.test(written) ? Number(written) : Number.NaN;
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

function someText(written: string): string {
  if (written.trim() !== '') return written;
  throw new InvalidArgumentError('Expected some text.');
}

/** Grafana takes up to 40 of these characters. */
function dashboardUid(written: string): string {
  if (/^[A-Za-z0-9_-]{1,40}$/.test(written)) return written;
  throw new InvalidArgumentError('Expected 1 to 40 letters, digits, - or _.');
}

function qosLevel(written: string): 0 | 1 | 2 {
  if (written === '0') return 0;
  if (written === '1') return 1;
  if (written === '2') return 2;
  throw new InvalidArgumentError('Expected 0, 1 or 2.');
}
