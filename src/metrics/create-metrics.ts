import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { HistogramMetric } from './histogram-metric.js';
import type { MetricTable } from './metric-table.js';
import type { MetricsSnapshot } from './metrics-snapshot.js';
import { ACCESS } from './tables/access-metrics.js';
import { HEALTH } from './tables/backlog-metrics.js';
import { CONSUME } from './tables/consume-metrics.js';
import { HTTP } from './tables/http-metrics.js';
import { INGEST } from './tables/ingest-metrics.js';
import { LEDGER } from './tables/ledger-metrics.js';
import { PROCESS, SELF } from './tables/process-metrics.js';
import { PRODUCER } from './tables/producer-metrics.js';
import { READER } from './tables/reader-metrics.js';
import { WINDOWS } from './tables/window-metrics.js';

/** A metric as the documentation lists it. */
export interface MetricDescription {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly label?: string;
  readonly help: string;
  /** Condition under which the metric exists; absent for metrics that always exist. */
  readonly only?: 'Kinesis mode' | 'windows' | 'metrics.store' | 'broker.access';
}

/** Every metric, in the order of the data path and of the documentation. */
export const METRICS: readonly MetricDescription[] = [
  ...described(INGEST),
  ...described(ACCESS, 'broker.access'),
  ...described(PRODUCER, 'Kinesis mode'),
  ...described(READER, 'Kinesis mode'),
  ...described(CONSUME),
  ...described(WINDOWS, 'windows'),
  ...described(LEDGER),
  ...described(HEALTH),
  ...described(HTTP),
  ...described(PROCESS),
  ...described(SELF, 'metrics.store'),
];

/** Gauges of prom-client with the ending of a counter, which Prometheus' tools complain of; nobody looks at them. */
const MISNAMED = [
  'nodejs_active_resources_total',
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
];

/**
 * Returns a registry whose metrics read a snapshot when they are scraped, so that nothing is counted twice. The first
 * snapshot decides which stages the registry has.
 */
export function createMetrics(takeSnapshot: () => MetricsSnapshot): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  let snapshot: MetricsSnapshot | undefined;
  // All collectors of a scrape run in one turn of the event loop; the first takes the snapshot for all.
  const current = () => {
    if (snapshot === undefined) {
      snapshot = takeSnapshot();
      setImmediate(() => {
        snapshot = undefined;
      });
    }
    return snapshot;
  };
  const first = current();
  if (first.ingest !== undefined) register(registry, INGEST, () => current().ingest!);
  if (first.access !== undefined) register(registry, ACCESS, () => current().access!);
  if (first.producer !== undefined) register(registry, PRODUCER, () => current().producer!);
  if (first.reader !== undefined) register(registry, READER, () => current().reader!);
  if (first.consume !== undefined) register(registry, CONSUME, () => current().consume!);
  if (first.windows !== undefined) register(registry, WINDOWS, () => current().windows!);
  register(registry, LEDGER, current);
  register(registry, HEALTH, () => current().health);
  register(registry, HTTP, current);
  register(registry, PROCESS, current);
  if (first.self !== undefined) register(registry, SELF, () => current().self!);
  return registry;
}

function register<Facts>(registry: Registry, table: MetricTable<Facts>, current: () => Facts): void {
  const registers = [registry];
  for (const [name, help, read] of table.counters ?? []) {
    const metric = new Counter({
      name,
      help,
      registers,
      collect: () => {
        metric.reset();
        metric.inc(read(current()));
      },
    });
  }
  for (const [name, help, read] of table.gauges ?? []) {
    const metric: Gauge = new Gauge({ name, help, registers, collect: () => metric.set(read(current())) });
  }
  for (const [name, help, read] of table.histograms ?? []) {
    new HistogramMetric(name, help, registry, () => read(current()));
  }
  registerPairs(table.twiceLabelled, registers, current);
  for (const [name, help, label, kind, read] of table.labelled ?? []) {
    registerLabelled(kind, { name, help, labelNames: [label], registers }, (set) => {
      for (const [value, count] of Object.entries(read(current()))) set({ [label]: value }, count);
    });
  }
}

type SetValue = (labels: Record<string, string>, value: number) => void;

/** `each` is called with every scrape, and sets all values that there are then. */
function registerLabelled(
  kind: 'counter' | 'gauge',
  shape: { name: string; help: string; labelNames: string[]; registers: Registry[] },
  each: (set: SetValue) => void,
): void {
  if (kind === 'counter') {
    const metric = new Counter({
      ...shape,
      collect: () => {
        metric.reset();
        each((labels, value) => metric.inc(labels, value));
      },
    });
    return;
  }
  const metric: Gauge = new Gauge({
    ...shape,
    collect: () => {
      metric.reset();
      each((labels, value) => metric.set(labels, value));
    },
  });
}

function registerPairs<Facts>(
  pairs: MetricTable<Facts>['twiceLabelled'],
  registers: Registry[],
  current: () => Facts,
): void {
  for (const [name, help, labels, kind, read] of pairs ?? []) {
    const [outer, inner] = labels;
    registerLabelled(kind, { name, help, labelNames: [...labels], registers }, (set) => {
      for (const [value, counts] of Object.entries(read(current()))) {
        for (const [innerValue, count = 0] of Object.entries(counts)) {
          set({ [outer]: value, [inner]: innerValue }, count);
        }
      }
    });
  }
}

function described<Facts>(table: MetricTable<Facts>, only?: MetricDescription['only']): MetricDescription[] {
  return [
    ...(table.counters ?? []).map(([name, help]) => ({ name, help, kind: 'counter' as const, only })),
    ...(table.gauges ?? []).map(([name, help]) => ({ name, help, kind: 'gauge' as const, only })),
    ...(table.labelled ?? []).map(([name, help, label, kind]) => ({ name, help, label, kind, only })),
    ...(table.twiceLabelled ?? []).map(([name, help, labels, kind]) => {
      return { name, help, label: labels.join(', '), kind, only };
    }),
    ...(table.histograms ?? []).map(([name, help]) => ({ name, help, kind: 'histogram' as const, only })),
  ];
}
