import { basename } from 'node:path';
import { formatSize } from '../lib/quantity.js';
import { isLoopbackHost } from '../lib/remote-address.js';
import type { RuleProblem } from '../rules/rule-problem.js';
import { compileRules } from '../rules/rule-set.js';
import type { Findings } from './findings.js';
import type { KeyPath } from './problem.js';
import { checkReach } from './reach-checks.js';
import { isSelfMeasurement } from './self-measurements.js';
import type { SluiceConfig } from './sluice-config.js';
import { checkWindows } from './window-checks.js';

/** Checks the conditions between keys and compiles the rules. */
export function crossCheck(config: SluiceConfig, findings: Findings): void {
  checkReach(config, findings);
  checkPorts(config, findings);
  checkSizes(config, findings);
  checkDataDirectory(config, findings);
  checkKinesis(config, findings);
  checkMetrics(config, findings);
  checkWindows(config, findings);
  const compiled = compileRules(config.rules, config.mapping);
  if (!compiled.ok) addRuleProblems(compiled.problems, findings);
}

const HTTP_PORT: KeyPath = ['http', 'port'];

interface Address {
  readonly host: string;
  readonly port: number;
}

interface Endpoint extends Address {
  readonly name: string;
  readonly path: KeyPath;
}

function checkPorts({ broker, http }: SluiceConfig, findings: Findings): void {
  const endpoints: Endpoint[] = broker.listeners.map((listener, index) => ({
    ...listener,
    name: `broker.listeners[${index}]`,
    path: listenerPath(index, 'port'),
  }));
  if (http !== undefined) endpoints.push({ ...http, name: 'http', path: HTTP_PORT });
  for (const [index, endpoint] of endpoints.entries()) {
    const earlier = endpoints.slice(0, index).find((other) => isConflict(endpoint, other));
    if (earlier === undefined) continue;
    findings.add([endpoint.path, earlier.path], {
      got: String(endpoint.port),
      expected: `another port; ${earlier.name} uses this one`,
    });
  }
}

/** Whether one process cannot listen on both. */
export function isConflict(one: Address, other: Address): boolean {
  if (one.port === 0 || one.port !== other.port) return false;
  return (
    one.host === other.host ||
    isEverywhere(one.host) ||
    isEverywhere(other.host) ||
    isBothLocalhost(one, other)
  );
}

/** The system decides which loopback address `localhost` resolves to. */
function isBothLocalhost(one: Address, other: Address): boolean {
  return (
    isLoopbackHost(one.host) && isLoopbackHost(other.host) && [one.host, other.host].includes('localhost')
  );
}

function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** The smallest number of segments with which the oldest can be deleted while the newest is written. */
const MIN_SEGMENTS = 4;

function checkSizes({ broker, stream, consumer }: SluiceConfig, findings: Findings): void {
  const { maxSizeBytes, segmentSizeBytes } = stream.log;
  const maxPacketSize: KeyPath = ['broker', 'maxPacketSize'];
  const segmentSize: KeyPath = ['stream', 'log', 'segmentSize'];
  if (broker.maxPacketBytes > segmentSizeBytes) {
    findings.add([maxPacketSize, segmentSize], {
      got: formatSize(broker.maxPacketBytes),
      expected: `at most stream.log.segmentSize, which is ${formatSize(segmentSizeBytes)}`,
    });
  }
  if (maxSizeBytes < MIN_SEGMENTS * segmentSizeBytes) {
    findings.add([['stream', 'log', 'maxSize'], segmentSize], {
      got: formatSize(maxSizeBytes),
      expected: `at least ${MIN_SEGMENTS} times stream.log.segmentSize, which is ${formatSize(segmentSizeBytes)}`,
    });
  }
  if (broker.maxInFlightBytes < broker.maxPacketBytes) {
    findings.add([['broker', 'maxInFlightBytes'], maxPacketSize], {
      got: formatSize(broker.maxInFlightBytes),
      expected: `at least broker.maxPacketSize, which is ${formatSize(broker.maxPacketBytes)}`,
    });
  }
  if (consumer.payload.maxPayloadBytes > broker.maxPacketBytes) {
    findings.add([['consumer', 'payload', 'maxSize'], maxPacketSize], {
      got: formatSize(consumer.payload.maxPayloadBytes),
      expected: `at most broker.maxPacketSize, which is ${formatSize(broker.maxPacketBytes)}`,
    });
  }
}

function checkKinesis({ stream }: SluiceConfig, findings: Findings): void {
  if (stream.kinesis === undefined) return;
  const { aggregateBytes, maxRecordBytes } = stream.kinesis.producer;
  if (aggregateBytes <= maxRecordBytes) return;
  const at: KeyPath = ['stream', 'kinesis'];
  findings.add(
    [
      [...at, 'aggregateSize'],
      [...at, 'maxRecordSize'],
    ],
    {
      got: formatSize(aggregateBytes),
      expected: `at most stream.kinesis.maxRecordSize, which is ${formatSize(maxRecordBytes)}`,
    },
  );
}

/** RFC 9110, 5.6.2: token. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** HTTP drops blanks at the ends, which in a token would be unseen. */
const HEADER_VALUE = /^(?![\t ])[\t\x20-\x7e]*(?<![\t ])$/;

function checkMetrics({ metrics, rules }: SluiceConfig, findings: Findings): void {
  const { store, otlp } = metrics;
  for (const [index, { measurement }] of rules.entries()) {
    if (store === undefined) break;
    if (!isSelfMeasurement(measurement, { metrics })) continue;
    findings.add(
      [
        ['metrics', 'store', 'measurement'],
        ['rules', index, 'measurement'],
      ],
      {
        got: store.measurement,
        expected: `a measurement that no rule writes; ${findings.keyOf(['rules', index])} has this one`,
      },
    );
  }
  for (const [name, value] of Object.entries(otlp?.headers ?? {})) {
    if (HEADER_NAME.test(name) && HEADER_VALUE.test(value)) continue;
    findings.add([['metrics', 'otlp', 'headers', name]], {
      expected: 'a header as HTTP allows it, without blanks around it',
    });
  }
}

/** The parent folder gets mode 0700, a lock and the other stores, so it must be a folder for that purpose. */
function checkDataDirectory({ stream }: SluiceConfig, findings: Findings): void {
  if (basename(stream.log.directory) === 'log') return;
  findings.add([['stream', 'log', 'directory']], {
    expected: 'a path that ends in /log',
    hint: 'its parent folder becomes the data directory, which also contains checkpoints and parked records',
  });
}

function listenerPath(index: number, key: string): KeyPath {
  return ['broker', 'listeners', index, key];
}

/** Keys whose names in the file differ from those in the compiled rule. */
const WRITTEN_KEYS: Readonly<Record<string, readonly string[]>> = {
  'time.maxPastMs': ['time', 'window', 'past'],
  'time.maxFutureMs': ['time', 'window', 'future'],
};

/** Where the lists are that a problem may be in. */
const LIST_PATHS: Readonly<Record<RuleProblem['list'], KeyPath>> = {
  rules: ['rules'],
  formats: ['consumer', 'formats'],
};

/** Adds the problems of compiling the rules and the formats of topics, with their lines in the file. */
export function addRuleProblems(problems: readonly RuleProblem[], findings: Findings): void {
  for (const { list, index, path, got, expected, at, hint } of problems) {
    const keys = WRITTEN_KEYS[path.join('.')] ?? path;
    const keyPath: KeyPath = [...LIST_PATHS[list], index, ...keys];
    // The value of a variable must not be shown; behind the colon the text may quote it.
    const isFromVariable = findings.isFromVariable(keyPath);
    const finding = isFromVariable ? { expected: expected.split(':')[0]! } : { got, expected, at, hint };
    findings.add([keyPath], finding);
  }
}
