import { SluiceError } from '../../src/lib/errors.js';
import type { Point } from '../../src/sink/point.js';
import type { Rejection, Sink, SinkContact, SinkCounters, SinkStatus } from '../../src/sink/sink.js';

/** A store in memory with the identity rule of real stores, whose answers a test controls. */
export class MemorySink implements Sink {
  readonly kind = 'influx';
  /** measurement|tags|timestamp → fields. */
  readonly points = new Map<string, Record<string, unknown>>();
  readonly written: string[] = [];
  writes = 0;
  refuse: (point: Point) => string | undefined = () => undefined;
  /** Awaited before the points are stored. */
  before: (signal: AbortSignal) => Promise<void> = async () => undefined;

  async open(): Promise<void> {}

  async write(points: readonly Point[], signal: AbortSignal): Promise<readonly Rejection[]> {
    this.writes += 1;
    await this.before(signal);
    if (signal.aborted) throw new SluiceError('SINK_ABORTED', 'aborted');
    const rejections: Rejection[] = [];
    for (const [index, point] of points.entries()) {
      const reason = this.refuse(point);
      if (reason !== undefined) {
        rejections.push({ index, code: 'store-refused', reason });
        continue;
      }
      const tags = point.series.tags.map(({ name, value }) => `${name}=${value}`).join(',');
      const key = `${point.series.measurement}|${tags}|${point.timestampNs}`;
      const fields = Object.fromEntries(point.fields.map(({ name, value }) => [name, value]));
      this.points.set(key, { ...this.points.get(key), ...fields });
      this.written.push(key);
    }
    return rejections;
  }

  async changeField(): Promise<never> {
    throw new SluiceError('USAGE_INVALID', 'this store has no types');
  }

  async deleteMeasurement(): Promise<never> {
    throw new SluiceError('USAGE_INVALID', 'this store deletes nothing');
  }

  contact(): SinkContact {
    return {};
  }

  status(): SinkStatus {
    return { state: 'healthy', detail: '' };
  }

  counters(): SinkCounters {
    return { pointsWritten: 0, pointsRefused: 0, requests: 0, retries: 0, bytesSent: 0, busyMs: 0 };
  }

  async close(): Promise<void> {}
}

/** Simulates an unreachable store: it waits until the signal aborts. */
export function unreachable(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
