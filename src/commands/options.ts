import { InvalidArgumentError, Option } from 'commander';
import type { Role } from '../gateway/gateway-options.js';
import type { UserProperty } from '../lib/mqtt-properties.js';
import { parseDuration } from '../lib/quantity.js';

// The options of each command as the command line passes them, and the readers of single options.

export interface ConfigOptions {
  /** Configuration file. Without it the command uses ./sluice.yaml if that exists, otherwise the built-in defaults. */
  readonly config?: string;
}

export interface StartOptions extends ConfigOptions {
  readonly role: Role;
}

export interface DemoOptions {
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly dataDirectory?: string;
  /** Number of simulated devices. Without it the simulator uses its default. */
  readonly devices?: number;
  /** Readings per second of the whole fleet. Without it the simulator uses its default. */
  readonly rate?: number;
  /** Whether the consumer reads the log or a local Kinesis. */
  readonly stream: 'direct' | 'kinesis';
  /** False with `--no-fleet`. */
  readonly fleet: boolean;
  /** False with `--no-history`. */
  readonly history: boolean;
}

export interface StorePrepareOptions extends ConfigOptions {
  /** Say what would be made, and make nothing. */
  readonly dryRun: boolean;
  /** Also change the retention of what is there. */
  readonly change: boolean;
  readonly json: boolean;
}

export interface CheckOptions extends ConfigOptions {
  /** Print the effective configuration. */
  readonly print: boolean;
  /** Directory of recorded messages with their expected outcomes. With it nothing but these and the file is checked. */
  readonly samples?: string;
  /** User whose permissions are asked about; with it nothing else is checked. */
  readonly as?: string;
  /** Absent: the name of the user. */
  readonly client?: string;
  readonly publish?: string;
  readonly subscribe?: string;
}

export interface ProfileShowOptions {
  /** Print the rules in place of the file. */
  readonly rules: boolean;
}

export interface ReloadOptions extends ConfigOptions {
  readonly json: boolean;
}

export interface ExplainOptions extends ConfigOptions {
  /** Needed for one message; with a file the topic of lines that name none. */
  readonly topic?: string;
  /** Text, `@file`, or `-` for stdin. Without it and without a file the payload comes from stdin. */
  readonly payload?: string;
  /** A file with one record a line, or `-` for stdin. */
  readonly file?: string;
  /** How the lines of the file are written. */
  readonly format: 'auto' | 'json' | 'mosquitto';
  /** Topic filter of the records to show as a running gateway maps them. */
  readonly follow?: string;
  /** Ends after so many followed records. */
  readonly count?: number;
  /** Ends after this time, in ms. */
  readonly timeout?: number;
  readonly clientId: string;
  readonly user?: string;
  readonly contentType?: string;
  /** User properties, in the order in which they were given. */
  readonly property?: readonly UserProperty[];
  readonly qos: 0 | 1 | 2;
  /** As the user typed it. Without it the time is now. */
  readonly receivedAt?: string;
  readonly json: boolean;
}

export interface SuggestOptions extends ConfigOptions {
  /** A file, a directory, or `-` for stdin. */
  readonly samples?: string;
  /** The topic of payloads without one; of parked records the only one. */
  readonly topic?: string;
  /** Each file is one payload. */
  readonly whole: boolean;
  /** Topic filter of the messages of a running gateway; true for all topics. */
  readonly follow?: string | true;
  readonly forMs?: number;
  readonly messages?: number;
  readonly deadLetter: boolean;
  readonly code?: string;
  /** File to write. Without it the rules go to stdout. */
  readonly output?: string;
  /** Replace a file that is there. */
  readonly force: boolean;
}

export interface DashboardOptions extends ConfigOptions {
  /** File to write. Without it the dashboard goes to stdout. */
  readonly out?: string;
  readonly title: string;
  readonly uid: string;
  /** The InfluxDB data source that is selected first. */
  readonly datasourceUid: string;
  /** Ask the store which fields it has, with their types. */
  readonly fromStore: boolean;
}

export interface DeadLetterListOptions extends ConfigOptions {
  readonly limit: number;
  readonly json: boolean;
  readonly code?: string;
  /** The exact topic name of the record. */
  readonly topic?: string;
  /** The user that the publisher had signed in as. */
  readonly user?: string;
}

export interface DeadLetterShowOptions extends ConfigOptions {
  readonly json: boolean;
}

export interface DeadLetterReplayOptions extends ConfigOptions {
  readonly code?: string;
  /** The exact topic name of the record. */
  readonly topic?: string;
  /** The user that the publisher had signed in as. */
  readonly user?: string;
  readonly rule?: string;
  readonly all: boolean;
  /** Only `purge` has this option. */
  readonly olderThanMs?: number;
  readonly yes?: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export interface StreamCreateOptions extends ConfigOptions {
  /** Without it the stream is created on demand. */
  readonly shards?: number;
}

export interface StreamDescribeOptions extends ConfigOptions {
  readonly json: boolean;
}

export interface StreamDeleteOptions extends ConfigOptions {
  readonly yes: boolean;
}

export function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file (default: ./sluice.yaml if it exists)');
}

export function wholeNumber(min: number, max: number): (written: string) => number {
  return (written) => {
    const value = /^\d+$/.test(written) ? Number(written) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number, ${min} to ${max}.`);
  };
}

export function duration(written: string): number {
  const read = parseDuration(written);
  if (read.ok) return read.value;
  throw new InvalidArgumentError(`${read.hint}.`);
}

export function positiveNumber(written: string): number {
  const value = /^\d+(?:\.\d+)?$/.test(written) ? Number(written) : Number.NaN;
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

export function someText(written: string): string {
  if (written.trim() !== '') return written;
  throw new InvalidArgumentError('Expected some text.');
}

/** Adds one `name=value` to those before it. A value may have an equals sign, and a name may be empty in MQTT. */
export function userProperty(
  written: string,
  before: readonly UserProperty[] | undefined,
): readonly UserProperty[] {
  const at = written.indexOf('=');
  if (at < 0) throw new InvalidArgumentError('Expected NAME=VALUE, such as site=pune.');
  return [...(before ?? []), [written.slice(0, at), written.slice(at + 1)]];
}

/** Grafana accepts up to 40 of these characters. */
export function dashboardUid(written: string): string {
  if (/^[A-Za-z0-9_-]{1,40}$/.test(written)) return written;
  throw new InvalidArgumentError('Expected 1 to 40 letters, digits, - or _.');
}

export function qosLevel(written: string): 0 | 1 | 2 {
  if (written === '0') return 0;
  if (written === '1') return 1;
  if (written === '2') return 2;
  throw new InvalidArgumentError('Expected 0, 1 or 2.');
}
