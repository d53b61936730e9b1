import type { LatencyCounts } from '../lib/latency-histogram.js';

/** The metrics of one stage: name, help text, and how to read the value from the facts of the stage. */
export interface MetricTable<Facts> {
  readonly counters?: readonly Single<Facts>[];
  readonly gauges?: readonly Single<Facts>[];
  readonly labelled?: readonly Labelled<Facts>[];
  readonly twiceLabelled?: readonly TwiceLabelled<Facts>[];
  readonly histograms?: readonly Latency<Facts>[];
}

/** A histogram in seconds. */
export type Latency<Facts> = readonly [name: string, help: string, read: (facts: Facts) => LatencyCounts];

/** A metric with one value. */
export type Single<Facts> = readonly [name: string, help: string, read: (facts: Facts) => number];

/** A metric with one label. Its values come from closed lists or from the configuration (rule names), never from devices. */
export type Labelled<Facts> = readonly [
  name: string,
  help: string,
  label: string,
  kind: 'counter' | 'gauge',
  read: (facts: Facts) => Readonly<Record<string, number>>,
];

/** A metric with two labels, of the same kinds of values. A counter has a series from the first increase on. */
export type TwiceLabelled<Facts> = readonly [
  name: string,
  help: string,
  labels: readonly [string, string],
  kind: 'counter' | 'gauge',
  read: (facts: Facts) => Readonly<Record<string, Readonly<Record<string, number | undefined>>>>,
];

/** Returns 1 for the current state and 0 for the others. */
export function stateGauge<State extends string>(
  states: readonly State[],
  current: State,
): Record<string, number> {
  return Object.fromEntries(states.map((state) => [state, Number(state === current)]));
}

/** The store is also `untried` until it was written to or probed. */
export const SINK_STATES = ['untried', 'healthy', 'retrying', 'misconfigured'] as const;

/** The states of every component that depends on another system. */
export const STATES = ['healthy', 'retrying', 'misconfigured'] as const;
