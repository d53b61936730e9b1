import type { Clock } from './clock.js';
import type { MetricsConfig } from './config/sluice-config.js';
import type { Role } from './gateway-options.js';
import type { Logger } from './logger.js';
import type { Mark } from './metrics/marks.js';
import { OtlpExport } from './metrics/otlp/otlp-export.js';
import { TraceExport, type TraceOptions } from './metrics/otlp/trace-export.js';
import { OwnMetrics, type OwnMetricsCounters } from './metrics/own-metrics.js';
import type { MetricReading } from './metrics/readings.js';
import type { Point } from './sink/sink.js';
import type { Warn } from './warnings.js';

export interface GatewayMetricsParts {
  readonly role: Role;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly read: () => Promise<readonly MetricReading[]>;
  /** Into the store; see OwnMetricsParts. */
  readonly write: (points: readonly Point[]) => Promise<number>;
}

/** Where the metrics of the gateway go beside `/metrics`; nowhere unless the configuration says so. */
export class GatewayMetrics {
  readonly #own: OwnMetrics | undefined;
  readonly #otlp: OtlpExport | undefined;
  /** For the stages of the main thread; absent unless records are followed. */
  readonly trace: TraceExport | undefined;

  constructor(config: MetricsConfig, parts: GatewayMetricsParts) {
    const { instance, store, otlp } = config;
    const { role, version, logger, clock } = parts;
    const warn: Warn = (fields, sentence) => logger.warn(fields, sentence);
    const traces = traceOptions(config, version);
    this.trace = traces && role !== 'consume' ? new TraceExport(traces, warn) : undefined;
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
    this.#own = new OwnMetrics({ ...store, instance }, parts);
  }

  /** Once everything else has started. */
  start(): void {
    this.mark({ kind: 'start', text: 'the gateway has started' });
    this.#own?.start();
    this.#otlp?.start();
  }

  mark(mark: Mark): void {
    this.#own?.mark(mark);
  }

  /** Absent unless metrics go into the store. */
  counters(): OwnMetricsCounters | undefined {
    return this.#own?.counters();
  }

  /** Before the store is closed. */
  async stop(deadlineMs: number): Promise<void> {
    this.mark({ kind: 'stop', text: 'the gateway stops' });
    await Promise.all([
      this.#own?.stop(deadlineMs),
      this.#otlp?.stop(deadlineMs),
      this.trace?.stop(deadlineMs),
    ]);
  }
}

/** For every thread that follows records; undefined when none does. */
export function traceOptions({ instance, otlp }: MetricsConfig, version: string): TraceOptions | undefined {
  if (otlp?.traces === undefined) return undefined;
  const { timeoutMs, headers, traces } = otlp;
  return { ...traces, timeoutMs, headers, instance, version };
}
