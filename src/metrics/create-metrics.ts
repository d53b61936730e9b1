import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { MetricTable } from './metric-table.js';
import type { MetricsSnapshot } from './metrics-snapshot.js';
import { ReadHistogram } from './read-histogram.js';
import { BOOKS } from './tables/books-metrics.js';
import { CONSUME } from './tables/consume-metrics.js';
import { INGEST } from './tables/ingest-metrics.js';
import { PROCESS } from './tables/process-metrics.js';
import { PRODUCER } from './tables/producer-metrics.js';
import { READER } from './tables/reader-metrics.js';
import { OWN } from './tables/self-metrics.js';

/** In path order, and in the order of docs/operations.md. */
export interface MetricDescription {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly label?: string;
  readonly help: string;
  /** When it is not always there. */
  readonly only?: 'Kinesis mode' | 'metrics.store';
}

export const METRICS: readonly MetricDescription[] = [
  ...described(INGEST),
  ...described(PRODUCER, 'Kinesis mode'),
  ...described(READER, 'Kinesis mode'),
  ...described(CONSUME),
  ...described(BOOKS),
  ...described(PROCESS),
  ...described(OWN, 'metrics.store'),
];

/** A registry that reads everything from `take` when it is scraped: nothing is counted twice. Which stages run here is fixed by the first snapshot. */
export function createMetrics(take: () => MetricsSnapshot): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let snapshot: MetricsSnapshot | undefined;
  // Collectors of one scrape run in one turn; the first takes the snapshot for all.
  const current = () => {
    if (snapshot === undefined) {
      snapshot = take();
      setImmediate(() => {
        snapshot = undefined;
      });
    }
    return snapshot;
  };
  const first = current();
  if (first.ingest !== undefined) register(registry, INGEST, () => current().ingest!);
  if (first.producer !== undefined) register(registry, PRODUCER, () => current().producer!);
  if (first.reader !== undefined) register(registry, READER, () => current().reader!);
  if (first.consume !== undefined) register(registry, CONSUME, () => current().consume!);
  register(registry, BOOKS, current);
  register(registry, PROCESS, current);
  if (first.own !== undefined) register(registry, OWN, () => current().own!);
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
    new ReadHistogram(name, help, registry, () => read(current()));
  }
  for (const [name, help, label, kind, read] of table.labelled ?? []) {
    const shape = { name, help, labelNames: [label], registers };
    const each = (set: (labels: Record<string, string>, value: number) => void) => {
      for (const [value, count] of Object.entries(read(current()))) set({ [label]: value }, count);
    };
    if (kind === 'counter') {
      const metric = new Counter({
        ...shape,
        collect: () => {
          metric.reset();
          each((labels, value) => metric.inc(labels, value));
        },
      });
    } else {
      const metric = new Gauge({
        ...shape,
        collect: () => {
          metric.reset();
          each((labels, value) => metric.set(labels, value));
        },
      });
    }
  }
}

function described<Facts>(table: MetricTable<Facts>, only?: MetricDescription['only']): MetricDescription[] {
  const when = only === undefined ? {} : { only };
  return [
    ...(table.counters ?? []).map(([name, help]) => ({ name, help, kind: 'counter' as const, ...when })),
    ...(table.gauges ?? []).map(([name, help]) => ({ name, help, kind: 'gauge' as const, ...when })),
    ...(table.labelled ?? []).map(([name, help, label, kind]) => ({ name, help, label, kind, ...when })),
    ...(table.histograms ?? []).map(([name, help]) => ({ name, help, kind: 'histogram' as const, ...when })),
  ];
}
