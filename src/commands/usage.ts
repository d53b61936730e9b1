import { type Command, Option } from 'commander';
import { PARK_CODES } from '../dead-letter/park-codes.js';
import { ROLES } from '../gateway/gateway-options.js';
import { sluiceCommand } from '../lib/package-root.js';
import type { DoctorOptions } from './doctor/doctor.js';
import {
  type CheckOptions,
  configOption,
  type DashboardOptions,
  type DeadLetterListOptions,
  type DeadLetterReplayOptions,
  type DeadLetterShowOptions,
  type DemoOptions,
  dashboardUid,
  duration,
  type ExplainOptions,
  positiveNumber,
  qosLevel,
  type ReloadOptions,
  type StartOptions,
  type StreamCreateOptions,
  type StreamDeleteOptions,
  type StreamDescribeOptions,
  someText,
  userProperty,
  wholeNumber,
} from './options.js';

const DEFAULT_LIST_LIMIT = 50;

const EXPLAIN_NOTE = `A line of --file is {"topic": …, "payload": …} with clientId, user, properties, qos and receivedAt if they matter, or a
topic, a blank and a payload. A payload is text, or any JSON value. --client-id, --user, --content-type, --property, --qos and --received-at
count where a line names none.
--json prints one object, with --file and --follow one a line. --follow shows at most 100 messages a second and counts the
others; with --count it exits with 1 when the time is over before.`;

const EXIT_CODES = `Exit codes:
  0  success
  1  failure at run time
  2  wrong usage or invalid configuration; nothing was started or written`;

export function addStart(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('start')
    .description(
      'Run the gateway until SIGTERM or SIGINT. The first signal drains, the second ends at once. SIGHUP reloads the rules.',
    )
    .addOption(configOption())
    .addOption(
      new Option(
        '--role <role>',
        'which half of the path to run with stream.mode: kinesis: broker to Kinesis (ingest), Kinesis to store (consume), or both (all)',
      )
        .choices(ROLES)
        .default('all'),
    )
    .addHelpText('after', help(['start', 'start -c /etc/sluice/sluice.yaml', 'start --role ingest']))
    .action(async (options: StartOptions) => {
      const { start } = await import('./start.js');
      finish(await start(options));
    });
}

export function addDemo(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('demo')
    .description('Run everything with embedded defaults: gateway, simulated sensors, DuckDB, live page.')
    .option('--mqtt-port <port>', 'port of the MQTT listener', wholeNumber(0, 65_535), 1883)
    .option('--http-port <port>', 'port of the live page', wholeNumber(0, 65_535), 8080)
    .option('--data-directory <path>', 'data directory (default: data/demo in the current folder)')
    .option('--devices <number>', 'number of simulated devices', wholeNumber(1, 1_000_000))
    .option('--rate <number>', 'readings per second of all devices together', positiveNumber)
    .addOption(
      new Option('--stream <mode>', 'read from the log (direct), or through a local Kinesis')
        .choices(['direct', 'kinesis'])
        .default('direct'),
    )
    .option('--no-fleet', 'do not simulate sensors')
    .option('--no-history', 'do not begin with the readings of the past 24 hours')
    .addHelpText(
      'after',
      help(['demo', 'demo --stream kinesis', 'demo --mqtt-port 0 --devices 500 --rate 2000']),
    )
    .action(async (options: DemoOptions) => {
      const { demo } = await import('./demo.js');
      finish(await demo(options));
    });
}

export function addCheck(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('check')
    .description(
      'Check whether the gateway can start: configuration, ports, data directory. Changes nothing.',
    )
    .addOption(configOption())
    .option('--print', 'print the effective configuration; secrets appear as set or unset', false)
    .option(
      '--samples <directory>',
      'check the rules against recorded messages, instead of ports and directories: each case in a file *.yaml has a topic, a payload and the lines it expects',
    )
    .option('--as <user>', 'say what a user of the access file may do, and by which line')
    .option('--client <id>', 'with --as: client id (default: the name of the user)')
    .option('--publish <topic>', 'with --as: topic that the client would publish on')
    .option('--subscribe <filter>', 'with --as: topic filter that the client would subscribe to')
    .addHelpText(
      'after',
      help(
        [
          'check',
          'check -c sluice.yaml --print',
          'check -c sluice.yaml --samples samples',
          'check -c sluice.yaml --as meter-17 --client meter-17 --publish sensors/hall/meter-17/temperature',
        ],
        'With --as the exit code is 0 when it is allowed, and 1 when it is denied.\nWith --samples the exit code is 1 when a case fails, and 2 when a file of cases is wrong. docs/rules.md shows a case.\nA secret that is not here, and a rule that no record reaches, is a warning.',
      ),
    )
    .action(async (options: CheckOptions) => {
      const { check } = await import('./check.js');
      finish(await check(options));
    });
}

export function addDoctor(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('doctor')
    .description('Check configuration, ports, disk, clock, store and stream, and suggest fixes.')
    .addOption(configOption())
    .option('--json', 'print JSON', false)
    .addHelpText('after', help(['doctor', 'doctor -c sluice.yaml --json']))
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('./doctor/doctor.js');
      finish(await doctor(options));
    });
}

export function addReload(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('reload')
    .description(
      'Let the running gateway read its configuration again and apply new rules, without losing a connection.',
    )
    .addOption(configOption())
    .option('--json', 'print JSON', false)
    .addHelpText(
      'after',
      help(
        ['reload', 'reload -c /etc/sluice/sluice.yaml'],
        'The file only names the data directory; the gateway reads the file it was started with. SIGHUP does the same.\nAn invalid file changes nothing (exit code 2). Settings that need a restart are named.',
      ),
    )
    .action(async (options: ReloadOptions) => {
      const { reload } = await import('./reload.js');
      finish(await reload(options));
    });
}

export function addExplain(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('explain')
    .description(
      'Preview how messages are mapped: the rule that matches, where each value comes from, the lines written, or why a message is parked.',
    )
    .addOption(configOption())
    .option('--topic <topic>', 'topic of the message')
    .option(
      '--payload <payload>',
      'payload: text, @file, or - for stdin (default: stdin when it is not a terminal)',
    )
    .option('--file <file>', 'messages, one a line, from a file or - for stdin')
    .addOption(
      new Option(
        '--format <format>',
        'lines of --file: JSON, or as mosquitto_sub -v prints them; auto tells by the {',
      )
        .choices(['auto', 'json', 'mosquitto'])
        .default('auto'),
    )
    .option(
      '--follow <filter>',
      'show the messages of these topics as the running gateway of the configuration maps them',
    )
    .option('--count <number>', 'with --follow: end after so many messages', wholeNumber(1, 1_000_000_000))
    .addOption(
      new Option('--timeout <duration>', 'with --follow: end after this time, such as 30s').argParser(
        duration,
      ),
    )
    .option('--client-id <id>', 'client id of the publisher', 'explain')
    .option('--user <name>', 'user that the publisher has signed in as')
    .option('--content-type <type>', 'content type of the message (MQTT 5)')
    .option('--property <name=value>', 'user property of the message (MQTT 5); may be repeated', userProperty)
    .addOption(
      new Option('--qos <level>', 'QoS of the message')
        .choices(['0', '1', '2'])
        .default(1)
        .argParser(qosLevel),
    )
    .option('--received-at <time>', 'time of receipt, RFC 3339 (default: now)')
    .option('--json', 'print JSON', false)
    .addHelpText(
      'after',
      help(
        [
          `explain --topic sensors/mumbai/CITIMUM/telemetry --payload '{"temperature": 31.2}'`,
          'explain -c sluice.yaml --topic home/kitchen/telemetry --json < reading.json',
          'explain -c sluice.yaml --file recorded.jsonl',
          `explain -c sluice.yaml --follow 'sensors/#' --count 10`,
        ],
        EXPLAIN_NOTE,
      ),
    )
    .action(async (options: ExplainOptions) => {
      const { explain } = await import('./explain.js');
      finish(await explain(options));
    });
}

export function addDashboard(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('dashboard')
    .description(
      'Write a Grafana dashboard for the rules of the configuration: latest values, silent devices, each field over time.',
    )
    .addOption(configOption())
    .option('--out <file>', 'file to write; an existing file is replaced (default: stdout)')
    .option('--title <title>', 'title in Grafana', someText, 'Telemetry')
    .option(
      '--uid <uid>',
      'uid in Grafana: a dashboard with the same uid is replaced',
      dashboardUid,
      'sluice-rules',
    )
    .option('--datasource-uid <uid>', 'uid of the InfluxDB data source that is selected first', 'iot-influx')
    .option('--from-store', 'ask InfluxDB which fields it stores, with their types', false)
    .addHelpText(
      'after',
      help(
        [
          'dashboard -c sluice.yaml > telemetry.json',
          'dashboard -c sluice.yaml --out grafana/dashboards/telemetry.json --title "My sensors"',
          'dashboard --from-store',
        ],
        'A rule can name the unit of a field: fields: { t: { path: payload.t, unit: celsius } }. docs/rules.md lists the units.',
      ),
    )
    .action(async (options: DashboardOptions) => {
      const { dashboard } = await import('./dashboard.js');
      finish(await dashboard(options));
    });
}

export function addDeadLetters(program: Command, finish: (exitCode: number) => void): void {
  const deadLetters = program
    .command('dead-letters')
    .description('List parked records, show one, replay them or delete them.')
    .addHelpText(
      'after',
      help([
        'dead-letters list --code time-outside-window',
        'dead-letters show <id>',
        'dead-letters replay --code rule-none',
      ]),
    );
  deadLetters
    .command('list')
    .description('List parked records, newest first.')
    .addOption(configOption())
    .option('--limit <number>', 'maximum number of records', wholeNumber(1, 1_000_000), DEFAULT_LIST_LIMIT)
    .addOption(new Option('--code <code>', 'only records parked for this reason').choices(PARK_CODES))
    .option('--topic <topic>', 'only records of this topic')
    .option('--user <name>', 'only records of this user')
    .option('--json', 'print JSON, one record per line', false)
    .addHelpText('after', help(['dead-letters list', 'dead-letters list --json --limit 1000']))
    .action(async (options: DeadLetterListOptions) => {
      const { listDeadLetters } = await import('./dead-letters.js');
      finish(await listDeadLetters(options));
    });
  deadLetters
    .command('show')
    .description('Show one parked record with its payload.')
    .argument('<id>', 'id of the record, as list prints it')
    .addOption(configOption())
    .option('--json', 'print JSON', false)
    .addHelpText('after', help(['dead-letters show <id>', 'dead-letters show <id> --json']))
    .action(async (id: string, options: DeadLetterShowOptions) => {
      const { showDeadLetter } = await import('./dead-letters.js');
      finish(await showDeadLetter(id, options));
    });
  replayOptions(deadLetters.command('replay'))
    .description('Process parked records again with the current rules and write them to the store.')
    .addHelpText(
      'after',
      help(
        [
          'dead-letters replay --code field-wrong-type --dry-run',
          'dead-letters replay --topic sensors/mumbai/CITIMUM/telemetry',
          'dead-letters replay --all',
        ],
        'A running gateway uses its rules in force, see `sluice reload`. The exit code is also 1 when records were parked again.',
      ),
    )
    .action(async (ids: string[], options: DeadLetterReplayOptions) => {
      const { replayDeadLetters } = await import('./replay-dead-letters.js');
      finish(await replayDeadLetters(ids, options));
    });
  replayOptions(deadLetters.command('purge'))
    .description('Delete parked records for good; the ledger counts them as purged.')
    .addOption(
      new Option('--older-than <duration>', 'only records parked longer ago than this, such as 7d').argParser(
        duration,
      ),
    )
    .option('--yes', 'do not ask for confirmation', false)
    .addHelpText(
      'after',
      help([
        'dead-letters purge --older-than 30d --dry-run',
        'dead-letters purge --code payload-not-json --yes',
      ]),
    )
    .action(async (ids: string[], { olderThan, ...options }: PurgeWritten) => {
      const { purgeDeadLetters } = await import('./replay-dead-letters.js');
      finish(await purgeDeadLetters(ids, { ...options, olderThanMs: olderThan }));
    });
}

type PurgeWritten = Omit<DeadLetterReplayOptions, 'olderThanMs'> & { readonly olderThan?: number };

/** Adds the options that replay and purge share. A record must meet all the conditions that are given. */
function replayOptions(command: Command): Command {
  return command
    .argument('[ids...]', 'ids of records, as list prints them')
    .addOption(configOption())
    .addOption(new Option('--code <code>', 'only records parked for this reason').choices(PARK_CODES))
    .option('--topic <topic>', 'only records of this topic')
    .option('--rule <rule>', 'only records that this rule matched')
    .option('--user <name>', 'only records of this user')
    .option('--all', 'every parked record', false)
    .option('--dry-run', 'preview the number of records and their outcome', false)
    .option('--json', 'print JSON', false);
}

export function addStream(program: Command, finish: (exitCode: number) => void): void {
  const stream = program
    .command('stream')
    .description('Create, describe or delete the Kinesis stream of the configuration.')
    .addHelpText('after', help(['stream create --shards 2', 'stream describe']));
  stream
    .command('create')
    .description('Create the stream and wait until it is ACTIVE; reports when it exists already.')
    .addOption(configOption())
    .option('--shards <number>', 'number of provisioned shards (default: on demand)', wholeNumber(1, 100_000))
    .addHelpText('after', help(['stream create', 'stream create -c sluice.yaml --shards 4']))
    .action(async ({ config, shards }: StreamCreateOptions) => {
      const { createStream, onConfiguredStream } = await import('./manage-stream.js');
      finish(await onConfiguredStream(config, (command) => createStream({ ...command, shards })));
    });
  stream
    .command('describe')
    .description('Show its shards and the position of the configured application in each.')
    .addOption(configOption())
    .option('--json', 'print JSON', false)
    .addHelpText('after', help(['stream describe', 'stream describe --json']))
    .action(async ({ config, json }: StreamDescribeOptions) => {
      const { describeStream } = await import('./describe-stream.js');
      const { onConfiguredStream } = await import('./manage-stream.js');
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
    .description('Delete the stream with all its records and wait until it is gone.')
    .addOption(configOption())
    .option('--yes', 'confirm the deletion', false)
    .addHelpText('after', help(['stream delete --yes']))
    .action(async ({ config, yes }: StreamDeleteOptions) => {
      const { deleteStream, onConfiguredStream } = await import('./manage-stream.js');
      finish(await onConfiguredStream(config, (command) => deleteStream({ ...command, yes })));
    });
}

/** The end of a `--help` text: examples without the name of the program, exit codes and an optional sentence. */
export function help(examples: readonly string[], note = ''): string {
  const lines = examples.map((example) => `  $ ${sluiceCommand(example)}`);
  return `\nExamples:\n${lines.join('\n')}\n\n${EXIT_CODES}${note === '' ? '' : `\n\n${note}`}`;
}
