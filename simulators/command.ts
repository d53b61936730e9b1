import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { SCENARIO_NAMES } from './options.js';
import { EXIT_WITH_PARENT } from './parent-process.js';
import { MOST_CONNECTIONS, PROGRESS } from './simulate-call.js';
import { parseDurationMs, parseInstantMs, parsePerSecond, parseShare } from './units.js';

const MOST_DEVICES = 100_000;
const MOST_IN_FLIGHT = 10_000;

const AFTER_HELP = `
Scenarios:
  cities   CITIMUM in Mumbai and CITIPUN in Pune, more cities with more devices; values climb, then fall.
           sensors/<city>/<id>/telemetry  {id, temperature, humidity, timestamp (s), city}
  climate  a fleet with a daily cycle, noise and drift.
           climate/<site>/<device>/telemetry  {timestamp (ms), temperature, humidity, pressure, status: {battery, rssi}}
  energy   meters with a counter that never falls.
           energy/<building>/<meter>/telemetry  {time (RFC 3339), power (W), voltage (V), current (A), energy (kWh), relay}
  all      all three together.
  cold-rooms   rooms that should have 2 to 8 °C; cold-07 is too warm, cold-03 silent.
               cold/<room>/<device>/telemetry  {timestamp (ms), temperature (°C), compressor (W), door, battery (%)}
  weather      stations of one town under one sky; dyke was away in the evening, orchard reads more than 100 % at dawn.
               weather/<station>/telemetry  {timestamp (ms), temperature (°C), humidity (%), pressure (hPa), wind (m/s)}
  electricity  loads with their working hours; pump sends NaN.
               power/<load>/telemetry  {timestamp (ms), power (kW), voltage (V), energy_today (kWh)}
  demo         these three together, as in sluice demo.

Timestamps: no two readings of a device share one, at the resolution of the payload (cities 1 s, the others 1 ms).
A rate that would repeat a timestamp is rejected; with --start-at simulated time runs ahead of real time instead.
With --rate max each reading is one resolution step after the one before.
The three of demo follow the real time of day where they run, whatever --day says, and their values depend on the time
alone: with the same seed and --story-at a second run sends the same history.

Credentials come from the environment: SLUICE_SIM_USERNAME and SLUICE_SIM_PASSWORD.
Exit codes: 0 success; 1 broker not reached, or messages left unacknowledged; 2 wrong usage. A signal ends a run with 0.`;

/** Returns the command line of the simulators. `nowMs` is needed for `--start-at -24h`. */
export function simulateCommand(nowMs: () => number): Command {
  const command = new Command('simulate')
    .description('Publishes the readings of simulated sensors over MQTT.')
    .addArgument(new Argument('<scenario>', 'what to simulate').choices(SCENARIO_NAMES))
    .addHelpText('after', AFTER_HELP)
    .showHelpAfterError('Run with --help to see the options.');
  for (const option of simulateOptions(nowMs)) command.addOption(option);
  return command;
}

function simulateOptions(nowMs: () => number): readonly Option[] {
  const instant = (text: string): number =>
    required(parseInstantMs(text, nowMs()), 'Give a time like 2026-01-31T08:00:00Z or -24h.');
  return [
    new Option('--url <url>', 'broker: mqtt://, mqtts://, ws:// or wss://').default('mqtt://127.0.0.1:1883'),
    new Option(
      '--devices <n>',
      'number of devices (default: cities 2, climate 20, energy 10, all 32, cold-rooms 8, weather 6, electricity 6, demo 20)',
    ).argParser(integer(MOST_DEVICES)),
    new Option('--connections <n>', 'MQTT connections the devices share (default: one per device)').argParser(
      integer(MOST_CONNECTIONS),
    ),
    new Option(
      '--rate <n>',
      'total messages/s of all devices, or max: as fast as they are acknowledged (default: one per device)',
    ).argParser(rate),
    new Option('--duration <time>', 'stop after this time (10s, 5min, 1h), or endless')
      .argParser((text: string) => (text === 'endless' ? text : duration(text)))
      .default('endless'),
    new Option('--count <n>', 'stop after this many messages').argParser(integer(Number.MAX_SAFE_INTEGER)),
    new Option('--qos <n>', 'MQTT quality of service').choices(['0', '1', '2']).default('1'),
    new Option('--seed <text>', 'same seed: same devices, topics, values and faults').default('1'),
    new Option('--in-flight <n>', 'maximum of unacknowledged messages per connection')
      .argParser(integer(MOST_IN_FLIGHT))
      .default(100),
    new Option(
      '--start-at <time>',
      'simulated time of the first reading: RFC 3339, or -24h for a day ago (default: now)',
    ).argParser(instant),
    new Option(
      '--interval <time>',
      'simulated time between two readings of a device; needs --start-at (default: devices / rate)',
    ).argParser(duration),
    new Option(
      '--history <time>',
      'first send readings of this time before now, like 24h, as fast as they are acknowledged; --count and --duration begin after them',
    ).argParser(duration),
    new Option(
      '--history-every <time>',
      'time between two readings of a device in the history; in its last 15 minutes a twelfth of it',
    )
      .argParser(duration)
      .default(duration('1min'), '1min'),
    new Option(
      '--story-at <time>',
      'when the faults of cold-rooms, weather and electricity are seen, as --start-at',
    )
      .argParser(instant)
      .default(nowMs(), 'now'),
    new Option('--day <time>', 'how long a simulated day lasts; shorter shows its cycle sooner')
      .argParser(duration)
      .default(duration('24h'), '24h'),
    shareOption('--late <share>', 'share of readings published --late-by after they are due, as 1% or 0.01'),
    new Option('--late-by <time>', 'delay of late readings; at the end of the run they are sent at once')
      .argParser(duration)
      .default(duration('10s'), '10s'),
    shareOption('--duplicated <share>', 'share of readings published twice'),
    shareOption('--out-of-order <share>', 'share of readings published after the next one of their device'),
    shareOption('--malformed <share>', 'share of readings whose payload is not JSON'),
    shareOption('--wrong-clock <share>', 'share of readings with a time in 1970 or ten years ahead'),
    new Option('--disconnects <rate>', 'connections cut without DISCONNECT, as 0.1/s')
      .argParser(perSecond)
      .default(0, '0/s'),
    new Option('--connect-timeout <time>', 'give up when not all connections are open by then')
      .argParser(duration)
      .default(duration('10s'), '10s'),
    new Option('--ack-timeout <time>', 'how long to wait at the end for acknowledgements')
      .argParser(duration)
      .default(duration('30s'), '30s'),
    new Option(
      '--name <prefix>',
      'prefix of client ids and device ids, to run several fleets at the same time',
    ).argParser(prefix),
    new Option('--json', 'print the summary as JSON on standard output'),
    new Option('--quiet', 'no progress on standard error'),
    new Option('--progress <what>', 'progress to show: all, that of the history only, or none')
      .choices(PROGRESS)
      .default('all'),
    new Option('--exit-with-parent', EXIT_WITH_PARENT),
  ];
}

function shareOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(share).default(0, '0%');
}

function required<T>(value: T | undefined, expected: string): T {
  if (value === undefined) throw new InvalidArgumentError(expected);
  return value;
}

function integer(most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : 0;
    return required(
      value >= 1 && value <= most ? value : undefined,
      `Give a whole number from 1 to ${most}.`,
    );
  };
}

function rate(text: string): number | 'max' {
  if (text === 'max') return 'max';
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  return required(value > 0 ? value : undefined, 'Give messages a second above 0, or max.');
}

/** Timers of Node accept at most 2^31 - 1 ms. */
const MOST_DURATION_MS = 24 * 86_400_000;

function duration(text: string): number {
  const ms = parseDurationMs(text);
  return required(
    ms !== undefined && ms > 0 && ms <= MOST_DURATION_MS ? ms : undefined,
    'Give a time above 0 with its unit, like 500ms, 10s, 5min or 1h, at most 24d.',
  );
}

function share(text: string): number {
  return required(parseShare(text), 'Give a share from 0 to 1, like 1% or 0.01.');
}

function perSecond(text: string): number {
  return required(parsePerSecond(text), 'Give a rate like 0.1/s.');
}

function prefix(text: string): string {
  return required(
    /^[A-Za-z0-9_-]{1,32}$/.test(text) ? text : undefined,
    'Give up to 32 letters, digits, - or _.',
  );
}
