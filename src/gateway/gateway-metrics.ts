import type { MetricsConfig } from '../config/sluice-config.js';
import type { Clock } from '../lib/clock.js';
import type { Logger } from '../lib/logger.js';
import type { Warn } from '../lib/warnings.js';
import type { Annotation } from '../metrics/annotations.js';
import { OtlpExport } from '../metrics/otlp/otlp-export.js';
import { TraceExport, type TraceOptions } from '../metrics/otlp/trace-export.js';
import type { MetricSample } from '../metrics/samples.js';
import { SelfMetrics, type SelfMetricsCounters } from '../metrics/self-metrics.js';
import type { Point } from '../sink/point.js';
import type { Role } from './gateway-options.js';

export interface GatewayMetricsParts {
  readonly role: Role;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly read: () => Promise<readonly MetricSample[]>;
  /** Writes points into the store; see SelfMetricsParts. */
  readonly write: (points: readonly Point[]) => Promise<number>;
}

/** Writes the metrics of the gateway to further places beside `/metrics`, if the configuration names any. */
export class GatewayMetrics {
  readonly #selfMetrics: SelfMetrics | undefined;
  readonly #otlp: OtlpExport | undefined;
  /** Follows records through the stages of the main thread; absent unless traces are configured. */
  readonly trace: TraceExport | undefined;

  constructor(config: MetricsConfig, parts: GatewayMetricsParts) {
    const { instance, store, otlp } = config;
    const { role, version, logger, clock } = parts;
    const warn: Warn = (fields, sentence) => logger.warn(fields, sentence);
    const traces = traceOptions(config, version);
    this.trace = traces !== undefined && role !== 'consume' ? new TraceExport(traces, warn) : undefined;
    if (otlp !== undefined) {
      const upNs = BigInt(Math.round(process.uptime() * 1e9));
      this.#otlp = new OtlpExport(otlp, {
        source: { version, instance, startNs: clock.nowNs() - upNs },
        warn,
        ...parts,
      });
    }
    if (store === undefined) return;
    if (role === 'ingest') {
      logger.info({ role }, 'metrics.store has no effect here: only a consumer has the store');
      return;
    }
    this.#selfMetrics = new SelfMetrics({ ...store, instance }, parts);
  }

  /** Called once everything else has started. */
  start(): void {
    this.annotate({ kind: 'start', text: 'the gateway has started' });
    this.#selfMetrics?.start();
    this.#otlp?.start();
  }

  annotate(annotation: Annotation): void {
    this.#selfMetrics?.annotate(annotation);
  }

  /** Absent unless metrics go into the store. */
  counters(): SelfMetricsCounters | undefined {
    return this.#selfMetrics?.counters();
  }

  /** Called before the store is closed. */
  async stop(deadlineMs: number): Promise<void> {
    this.annotate({ kind: 'stop', text: 'the gateway stops' });
    await Promise.all([
      this.#selfMetrics?.stop(deadlineMs),
      this.#otlp?.stop(deadlineMs),
      this.trace?.stop(deadlineMs),
    ]);
  }
}

/** The options of every part that follows records; undefined when traces are not configured. */
export function traceOptions({ instance, otlp }: MetricsConfig, version: string): TraceOptions | undefined {
  if (otlp?.traces === undefined) return undefined;
  const { timeoutMs, headers, traces } = otlp;
  return { ...traces, timeoutMs, headers, instance, version };
}
