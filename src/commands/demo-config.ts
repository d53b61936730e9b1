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

/** Each simulated fleet has a rule; the last rule takes every other topic, as the built-in default does. */
function demoConfig(options: DemoOptions, kinesis: DemoKinesis | undefined): string {
  return `# \`sluice demo\` writes this file at each start. Copy it before you change it.
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
    tags: { device: device, topic: topic }
    fields: auto
${WINDOWS}`;
}

/** A person who watches sees the numbers of a window that is still open. */
const WINDOWS = `windows:
  aggregates:
    - name: city
      from: sensordata
      by: [city]
      early: 10s
      fields: { temperature: [count, mean, min, max], humidity: mean }
      resolutions: [{ every: 1min, retention: 7d }, { every: 1h, retention: 730d }, { every: 1d }]
    - name: climate
      from: climate
      by: [site, device]
      early: 30s
      fields: { temperature: [count, mean, min, max, stddev], humidity: [mean, min, max] }
      quantiles: { temperature: [0.05, 0.95] }
      resolutions: [{ every: 5min, retention: 30d }, { every: 1h, retention: 730d }, { every: 1d }]
    - name: energy
      from: energy
      by: [building, meter]
      early: 30s
      fields: { power: [mean, max], energy: [increase, last], relay: [true_ratio, changes] }
      resolutions: [{ every: 5min, retention: 30d }, { every: 1h, retention: 730d }, { every: 1d }]
`;

/** The local Kinesis takes some hundred records a second, and a person watches: few buckets and a short linger. */
function streamConfig({ endpoint, region }: DemoKinesis): string {
  return `  mode: kinesis
  kinesis: { name: ${DEMO_STREAM}, region: ${region}, endpoint: "${endpoint}", buckets: 16, linger: 200ms }
`;
}
