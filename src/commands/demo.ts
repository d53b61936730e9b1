import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { loadConfig } from '../config/load-config.js';
import { errorText, SluiceError } from '../errors.js';
import { createLogger } from '../logger.js';
import { packageRoot } from '../package-root.js';
import { DEMO_STREAM, type DemoKinesis, startDemoKinesis } from './demo-kinesis.js';
import type { DemoOptions } from './options.js';
import { type RunningGateway, reportStartFailure, runGateway } from './run-gateway.js';

const DEFAULT_DATA_DIRECTORY = './data/demo';

/**
 * `sluice demo`: the whole path on embedded defaults, with a simulated fleet in a process of its own that
 * speaks MQTT like any device. Resolves with the exit code.
 */
export async function demo(options: DemoOptions): Promise<number> {
  const directory = makeDataDirectory(options);
  const kinesis =
    options.stream === 'kinesis' ? await startDemoKinesis(join(directory, 'local-kinesis')) : undefined;
  try {
    return await runDemo(options, writeDemoConfig(directory, options, kinesis), kinesis);
  } finally {
    await kinesis?.stop();
  }
}

async function runDemo(
  options: DemoOptions,
  configFile: string,
  kinesis: DemoKinesis | undefined,
): Promise<number> {
  const config = await loadConfig(configFile);
  const logger = createLogger({ ...config.log, level: 'warn' });
  let fleet: ChildProcess | undefined;
  let isStopping = false;
  try {
    return await runGateway(
      config,
      logger,
      'all',
      (running) => {
        if (options.fleet) {
          fleet = startFleet(running.mqttUrls[0]!, options);
          fleet.once('exit', (code) => {
            // Ctrl+C on a terminal reaches the fleet, too, and ours is then its second signal.
            if (code === 0 || isStopping) return;
            logger.warn({ code: 'FLEET_ENDED', exitCode: code }, 'the simulated fleet has ended');
          });
        }
        process.stdout.write(welcome(running, configFile, options, kinesis));
      },
      async () => {
        isStopping = true;
        process.stdout.write('\nStopping…\n');
        await ended(fleet);
      },
    );
  } catch (thrown) {
    return reportStartFailure(logger, thrown);
  } finally {
    fleet?.kill('SIGKILL');
  }
}

function makeDataDirectory(options: DemoOptions): string {
  const directory = options.dataDirectory ?? DEFAULT_DATA_DIRECTORY;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return directory;
  } catch (thrown) {
    throw unusable(directory, thrown);
  }
}

/** A file, so that every other command can be tried on the demo, and copied for a start of one's own. */
function writeDemoConfig(directory: string, options: DemoOptions, kinesis: DemoKinesis | undefined): string {
  const absolute = resolve(directory, 'sluice.yaml');
  const beside = relative('', absolute);
  const file = beside.startsWith('..') ? absolute : beside;
  try {
    writeFileSync(file, demoConfig(options, kinesis));
    return file;
  } catch (thrown) {
    throw unusable(directory, thrown);
  }
}

function unusable(directory: string, thrown: unknown): SluiceError {
  return new SluiceError(
    'DATA_DIRECTORY_UNUSABLE',
    `the data directory ${directory} cannot be written: ${errorText(thrown)}; name another with --data-directory`,
    { cause: thrown },
  );
}

/** The three simulated fleets have rules of their own; anything else goes by one like the built-in default. */
function demoConfig(options: DemoOptions, kinesis: DemoKinesis | undefined): string {
  return `# Written by \`sluice demo\` at each start; copy it to change it.
broker:
  listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${options.mqttPort} }]
stream:
  log: { directory: ./log, maxSize: 1GiB }
${kinesis === undefined ? '' : streamConfig(kinesis)}http: { host: 127.0.0.1, port: ${options.httpPort} }
rules:
  - name: city-climate
    topic: sensors/+city/+device/telemetry
    measurement: sensordata
    time: { path: timestamp, unit: s }
    tags: { city: topic.city, device: topic.device }
    fields:
      temperature: { path: payload.temperature, type: float, range: [-60, 60] }
      humidity: { path: payload.humidity, type: float, range: [0, 100] }
  - name: climate
    topic: climate/+site/+device/telemetry
    measurement: climate
    time: { path: timestamp, unit: ms }
    tags: { site: topic.site, device: topic.device }
    fields: auto
  - name: energy
    topic: energy/+building/+meter/telemetry
    measurement: energy
    time: { path: time, unit: rfc3339 }
    tags: { building: topic.building, meter: topic.meter }
    fields: auto
  - name: anything
    topic: "#"
    measurement: telemetry
    time: auto
    tags: { device: device }
    fields: auto
`;
}

/** Few buckets and a short linger: the local Kinesis takes some hundred records a second, and one looks on. */
function streamConfig({ endpoint, region }: DemoKinesis): string {
  return `  mode: kinesis
  kinesis: { name: ${DEMO_STREAM}, region: ${region}, endpoint: "${endpoint}", buckets: 16, linger: 200ms }
`;
}

function startFleet(url: string, options: DemoOptions): ChildProcess {
  const args = [
    join(packageRoot(), 'dist', 'simulators', 'main.js'),
    'all',
    '--url',
    url,
    '--quiet',
    // A day in ten minutes: the daily cycle shows while one looks.
    '--day',
    '10min',
    // So that the page has something in every part of the books.
    '--malformed',
    '0.2%',
    '--duplicated',
    '0.5%',
    ...(options.devices === undefined ? [] : ['--devices', String(options.devices)]),
    ...(options.rate === undefined ? [] : ['--rate', String(options.rate)]),
  ];
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Asks the fleet to stop, so that it takes leave of the broker; it gets a moment for that. */
async function ended(fleet: ChildProcess | undefined): Promise<void> {
  if (fleet === undefined || fleet.exitCode !== null || fleet.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => fleet.once('exit', () => resolve()));
  fleet.kill('SIGTERM');
  const timer = setTimeout(() => fleet.kill('SIGKILL'), 6000);
  await gone;
  clearTimeout(timer);
}

function welcome(
  { mqttUrls, httpUrl }: RunningGateway,
  configFile: string,
  options: DemoOptions,
  kinesis: DemoKinesis | undefined,
): string {
  const port = mqttUrls[0]!.split(':').at(-1);
  return `
Sluice is running.

  live page   ${httpUrl}
  ledger      ${httpUrl}/api/ledger
  metrics     ${httpUrl}/metrics
  MQTT        ${mqttUrls.join('  ')}${kinesis === undefined ? '' : `\n  Kinesis     ${kinesis.endpoint}  (stream ${DEMO_STREAM})`}
  data        ${dirname(configFile)}/  (telemetry.duckdb, dead-letter/, log/)
  rules       ${configFile}
  fleet       ${options.fleet ? 'simulated cities, climate sensors and energy meters' : 'none (--no-fleet)'}

Send something yourself:
  mosquitto_pub -p ${port} -q 1 -t home/kitchen/telemetry -m '{"temperature": 21.5}'
See what the rules make of it, and what was parked:
  npx sluice explain -c ${configFile} --topic home/kitchen/telemetry --payload '{"temperature": 21.5}'
  npx sluice dead-letters list -c ${configFile}

Ctrl+C stops it; what has been stored stays.
`;
}
