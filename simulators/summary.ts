import type { ReadingFault } from './faults.js';
import type { LatencySummary } from './latency-histogram.js';
import type { SimulateOptions } from './options.js';
import type { Tally } from './tally.js';

export type StoppedBy = 'count' | 'duration' | 'signal';

/**
 * The object that `--json` prints. published = acknowledged + unacknowledged + unconfirmed = readings +
 * faults.duplicated.
 */
export interface Summary {
  readonly scenario: string;
  readonly url: string;
  readonly seed: string;
  readonly qos: number;
  readonly devices: number;
  readonly connections: number;
  readonly stoppedBy: StoppedBy;
  /** Messages of the past, which were sent before those of now. */
  readonly history: number;
  /** Time from the first to the last publish, without the history and the wait for the last acknowledgements. */
  readonly durationMs: number;
  readonly readings: number;
  readonly published: number;
  readonly acknowledged: number;
  readonly unacknowledged: number;
  /** Messages with QoS 0, which has no acknowledgement. */
  readonly unconfirmed: number;
  /** Messages published per second, without the history. */
  readonly rate: number;
  readonly reconnects: number;
  readonly faults: Readonly<Record<ReadingFault | 'disconnects', number>>;
  /** Time from publish to acknowledgement, including resends; null when nothing was acknowledged. */
  readonly latencyMs: LatencySummary | null;
}

export function summarise(
  options: SimulateOptions,
  tally: Tally,
  {
    durationMs,
    history,
    stoppedBy,
  }: { readonly durationMs: number; readonly history: number; readonly stoppedBy: StoppedBy },
): Summary {
  return {
    scenario: options.scenario,
    url: options.url,
    seed: options.seed,
    qos: options.qos,
    devices: options.devices,
    connections: options.connections,
    stoppedBy,
    history,
    durationMs: Math.round(durationMs),
    readings: tally.readings,
    published: tally.published,
    acknowledged: tally.acknowledged,
    unacknowledged: tally.unacknowledged,
    unconfirmed: tally.unconfirmed,
    rate: durationMs > 0 ? Math.round(((tally.published - history) / durationMs) * 10_000) / 10 : 0,
    reconnects: tally.reconnects,
    faults: { ...tally.faults, disconnects: tally.disconnects },
    latencyMs: tally.latency.summary() ?? null,
  };
}

/** Returns the summary as text for people. */
export function summaryText(summary: Summary): string {
  const { faults, latencyMs } = summary;
  const rows: [string, string][] = [
    ['published', `${summary.published} (${summary.readings} readings)`],
    ['acknowledged', String(summary.acknowledged)],
    ['unacknowledged', String(summary.unacknowledged)],
  ];
  if (summary.history > 0) rows.push(['history', `${summary.history} of these are of the past`]);
  if (summary.unconfirmed > 0) rows.push(['unconfirmed (QoS 0)', String(summary.unconfirmed)]);
  rows.push(
    [
      'faults',
      `late ${faults.late}, duplicated ${faults.duplicated}, out of order ${faults.outOfOrder}, malformed ${faults.malformed}, wrong clock ${faults.wrongClock}, disconnects ${faults.disconnects}`,
    ],
    ['reconnects', String(summary.reconnects)],
    ['duration', `${(summary.durationMs / 1000).toFixed(1)} s, stopped by ${summary.stoppedBy}`],
    ['rate', `${summary.rate} messages/s`],
  );
  if (latencyMs) {
    rows.push([
      'acknowledged after',
      `p50 ${latencyMs.p50} ms, p90 ${latencyMs.p90} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`,
    ]);
  }
  const title = `${summary.scenario}: ${summary.devices} devices on ${summary.connections} connections, QoS ${summary.qos}, seed ${summary.seed}`;
  return [title, ...rows.map(([name, value]) => `  ${name.padEnd(20)} ${value}`), ''].join('\n');
}
