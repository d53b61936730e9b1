import type { FaultShares } from './faults.js';

export const SCENARIO_NAMES = [
  'cities',
  'climate',
  'energy',
  'all',
  'cold-rooms',
  'weather',
  'electricity',
  'demo',
] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];
export type Qos = 0 | 1 | 2;

/** Readings on a fixed grid of time: the same ones whenever they are sent again. */
export interface History {
  /** How far it reaches back. */
  readonly pastMs: number;
  /** Time between two readings of a device. */
  readonly intervalMs: number;
}

/** The options of a run, with defaults and units resolved. */
export interface SimulateOptions {
  readonly scenario: ScenarioName;
  readonly url: string;
  readonly devices: number;
  /** Messages per second of all devices together; 'max' means as fast as they are acknowledged. */
  readonly rate: number | 'max';
  /** Without it the run lasts until `count` or a signal. */
  readonly durationMs?: number;
  readonly count?: number;
  readonly qos: Qos;
  readonly seed: string;
  readonly connections: number;
  /** Maximum of unacknowledged messages on one connection. */
  readonly inFlight: number;
  /** Simulated time of the first reading, ms since 1970. Without it the time is now. */
  readonly startAtMs?: number;
  /** Simulated time between two readings of a device. Without it the rate determines it. */
  readonly intervalMs?: number;
  /** Readings of the past that are sent before the first one of now. Without it there are none. */
  readonly history?: History;
  readonly dayMs: number;
  /** When the faults of the story are seen, ms since 1970. */
  readonly storyMs: number;
  readonly faults: FaultShares;
  readonly lateByMs: number;
  readonly disconnectsPerSecond: number;
  readonly connectTimeoutMs: number;
  readonly ackTimeoutMs: number;
  /** Prefix of client ids and device ids. Without it client ids begin with `sim` and device ids have no prefix. */
  readonly name?: string;
  readonly username?: string;
  readonly password?: string;
}

/** The command line asks for something impossible: exit code 2. The user reads `message`. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
