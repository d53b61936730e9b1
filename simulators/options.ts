import type { FaultShares } from './faults.js';

export const SCENARIO_NAMES = ['cities', 'climate', 'energy', 'all'] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];
export type Qos = 0 | 1 | 2;

/** What a run does, after every default and unit is resolved. */
export interface SimulateOptions {
  readonly scenario: ScenarioName;
  readonly url: string;
  readonly devices: number;
  /** Messages a second of all devices together; 'max': as fast as they are acknowledged. */
  readonly rate: number | 'max';
  /** Absent: until `count` or a signal. */
  readonly durationMs?: number;
  readonly count?: number;
  readonly qos: Qos;
  readonly seed: string;
  readonly connections: number;
  /** Most messages without acknowledgement on one connection. */
  readonly inFlight: number;
  /** Simulated time of the first reading, ms since 1970. Absent: now. */
  readonly startAtMs?: number;
  /** Simulated time between two readings of a device. Absent: as the rate says. */
  readonly intervalMs?: number;
  readonly dayMs: number;
  readonly faults: FaultShares;
  readonly lateByMs: number;
  readonly disconnectsPerSecond: number;
  readonly connectTimeoutMs: number;
  readonly ackTimeoutMs: number;
  /** Absent: client ids begin with `sim`, device ids have no prefix. */
  readonly name?: string;
  readonly username?: string;
  readonly password?: string;
}

/** The command line asks for something that cannot be run: exit code 2. `message` is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
