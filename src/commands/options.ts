import type { Role } from '../gateway-options.js';

/** What the command line hands to the commands. Each resolves with the exit code. */

export interface ConfigOptions {
  /** Configuration file; without it ./sluice.yaml if it is there, else the built-in defaults. */
  readonly config?: string;
}

export interface StartOptions extends ConfigOptions {
  readonly role: Role;
}

export interface DemoOptions {
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly dataDirectory?: string;
  /** Simulated devices; without it the fleet's own number. */
  readonly devices?: number;
  /** Readings a second of the whole fleet; without it the fleet's own. */
  readonly rate?: number;
  /** Straight from the log, or through a local Kinesis. */
  readonly stream: 'direct' | 'kinesis';
  /** False with `--no-fleet`. */
  readonly fleet: boolean;
}

export interface CheckOptions extends ConfigOptions {
  /** Show the configuration in force. */
  readonly print: boolean;
}

export interface ExplainOptions extends ConfigOptions {
  readonly topic: string;
  /** Text, `@file`, or `-` for stdin. */
  readonly payload: string;
  readonly clientId: string;
  readonly qos: 0 | 1 | 2;
  /** As the user wrote it; without it, now. */
  readonly receivedAt?: string;
  readonly json: boolean;
}

export interface DashboardOptions extends ConfigOptions {
  /** File to write; without it stdout. */
  readonly out?: string;
  readonly title: string;
  readonly uid: string;
  /** Of the InfluxDB data source that is chosen at the beginning. */
  readonly datasourceUid: string;
  /** Ask the store which fields there are, and of which type. */
  readonly fromStore: boolean;
}

export interface DeadLetterListOptions extends ConfigOptions {
  readonly limit: number;
  readonly json: boolean;
  readonly code?: string;
  /** Topic name, exactly as the record has it. */
  readonly topic?: string;
}

export interface DeadLetterShowOptions extends ConfigOptions {
  readonly json: boolean;
}

export interface DeadLetterSettleOptions extends ConfigOptions {
  readonly code?: string;
  /** Topic name, exactly as the record has it. */
  readonly topic?: string;
  readonly rule?: string;
  readonly all: boolean;
  /** Of purge. */
  readonly olderThanMs?: number;
  readonly yes?: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export interface StreamCreateOptions extends ConfigOptions {
  /** Without it on demand. */
  readonly shards?: number;
}

export interface StreamDescribeOptions extends ConfigOptions {
  readonly json: boolean;
}

export interface StreamDeleteOptions extends ConfigOptions {
  readonly yes: boolean;
}
