import { mkdirSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { errorText, SluiceError } from '../lib/errors.js';
import { DEMO_STREAM, type DemoKinesis } from './demo-kinesis.js';
import type { DemoOptions } from './options.js';

const DEFAULT_DATA_DIRECTORY = './data/demo';

/** Creates the data directory of the demo, in the current folder unless an option names another. Returns its path. */
export function makeDemoDirectory(options: DemoOptions): string {
  const directory = options.dataDirectory ?? DEFAULT_DATA_DIRECTORY;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return directory;
  } catch (thrown) {
    throw unusable(directory, thrown);
  }
}

/**
 * Writes the configuration of the demo into its data directory and returns the path of the file. As a file it serves
 * every other command too, and users copy it for a gateway of their own.
 */
export function writeDemoConfig(
  directory: string,
  options: DemoOptions,
  kinesis: DemoKinesis | undefined,
): string {
  const absolute = resolve(directory, 'sluice.yaml');
  const fromHere = relative('', absolute);
  const file = fromHere.startsWith('..') ? absolute : fromHere;
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

function demoConfig(options: DemoOptions, kinesis: DemoKinesis | undefined): string {
  return `# \`sluice demo\` writes this file at each start. Copy it before you change it.
broker:
  listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${options.mqttPort} }]
stream:
  log: { directory: ./log, maxSize: 1GiB }
${kinesis === undefined ? '' : streamConfig(kinesis)}http: { host: 127.0.0.1, port: ${options.httpPort} }
${DEMO_RULES}`;
}

/** A person who watches sees the numbers of a window that is still open. */
const WINDOWS = `windows:
  aggregates:
    - name: cold_rooms
      from: cold_rooms
      early: 30s
      fields:
        temperature: [count, mean, min, max, last]
        compressor: [count, mean, min, max, last]
        battery: [count, mean, min, max, last]
        door: [true_ratio, changes]
      resolutions: [{ every: 5min, retention: 30d }, { every: 1h, retention: 730d }, { every: 1d }]
    - name: weather
      from: weather
      early: 30s
      fields:
        temperature: [count, mean, min, max, last]
        humidity: [count, mean, min, max, last]
        pressure: [count, mean, min, max, last]
        wind: [count, mean, min, max, last]
      quantiles: { wind: [0.95] }
      resolutions: [{ every: 5min, retention: 30d }, { every: 1h, retention: 730d }, { every: 1d }]
    - name: electricity
      from: electricity
      early: 30s
      fields:
        power: [count, mean, min, max, last]
        voltage: [count, mean, min, max, last]
        energy_today: [count, mean, min, max, last]
      resolutions: [{ every: 5min, retention: 30d }, { every: 1h, retention: 730d }, { every: 1d }]
`;

/** The local Kinesis takes some hundred records a second, and a person watches: few buckets and a short linger. */
function streamConfig({ endpoint, region }: DemoKinesis): string {
  return `  mode: kinesis
  kinesis: { name: ${DEMO_STREAM}, region: ${region}, endpoint: "${endpoint}", buckets: 16, linger: 200ms }
`;
}

/** Each simulated fleet has a rule; the last rule takes every other topic, as the built-in default does. */
export const DEMO_RULES = `rules:
  - name: cold-rooms
    topic: cold/+/+device/telemetry
    measurement: cold_rooms
    time: { path: timestamp, unit: ms }
    tags: { device: topic.device }
    fields:
      temperature: { path: payload.temperature, type: float, unit: °C, expected: [2, 8] }
      compressor: { path: payload.compressor, type: float, unit: W }
      battery: { path: payload.battery, type: float, unit: "%" }
      door: { path: payload.door, type: boolean }
  - name: weather
    topic: weather/+device/telemetry
    measurement: weather
    time: { path: timestamp, unit: ms }
    tags: { device: topic.device }
    fields:
      temperature: { path: payload.temperature, type: float, unit: °C, range: [-60, 60] }
      humidity: { path: payload.humidity, type: float, unit: "%", range: [0, 100] }
      pressure: { path: payload.pressure, type: float, unit: hPa }
      wind: { path: payload.wind, type: float, unit: m/s }
  - name: electricity
    topic: power/+device/telemetry
    measurement: electricity
    time: { path: timestamp, unit: ms }
    tags: { device: topic.device }
    fields:
      power: { path: payload.power, type: float, unit: kW }
      voltage: { path: payload.voltage, type: float, unit: V }
      energy_today: { path: payload.energy_today, type: float, unit: kWh }
  - name: anything
    topic: "#"
    measurement: telemetry
    time: auto
    tags: { device: device, topic: topic }
    fields: auto
${WINDOWS}`;
