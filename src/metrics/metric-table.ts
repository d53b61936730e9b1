import type { LatencyCounts } from '../latency-histogram.js';

/** Metrics of one stage: name, help, and how to read them from what the stage says of itself. */
export interface MetricTable<Facts> {
  readonly counters?: readonly Single<Facts>[];
  readonly gauges?: readonly Single<Facts>[];
  readonly labelled?: readonly Labelled<Facts>[];
  readonly histograms?: readonly Latency<Facts>[];
}

/** In seconds. */
export type Latency<Facts> = readonly [name: string, help: string, read: (facts: Facts) => LatencyCounts];

export type Single<Facts> = readonly [name: string, help: string, read: (facts: Facts) => number];

/** Label values come from closed lists, or from the configuration (rule names); never from devices. */
export type Labelled<Facts> = readonly [
  name: string,
  help: string,
  label: string,
  kind: 'counter' | 'gauge',
  read: (facts: Facts) => Readonly<Record<string, number>>,
];

/** 1 for the state that holds. */
export function stateGauge<State extends string>(
  states: readonly State[],
  current: State,
): Record<string, number> {
  return Object.fromEntries(states.map((state) => [state, Number(state === current)]));
}

/** Of everything that works against another system. */
export const STATES = ['healthy', 'retrying', 'misconfigured'] as const;
