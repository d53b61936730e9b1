import type { Point } from '../../src/sink/point.js';
import type { Rejection, Sink, SinkContact, SinkCounters, SinkStatus } from '../../src/sink/sink.js';

/** A store that takes everything at once. */
export class InstantSink implements Sink {
  readonly kind = 'influx';
  pointsWritten = 0;

  async open(): Promise<void> {}

  async write(points: readonly Point[]): Promise<readonly Rejection[]> {
    this.pointsWritten += points.length;
    return [];
  }

  changeField(): Promise<never> {
    return Promise.reject(new Error('nothing is stored'));
  }

  deleteMeasurement(): Promise<never> {
    return Promise.reject(new Error('nothing is stored'));
  }

  contact(): SinkContact {
    return {};
  }

  status(): SinkStatus {
    return { state: 'healthy', detail: '' };
  }

  counters(): SinkCounters {
    const { pointsWritten } = this;
    return { pointsWritten, pointsRefused: 0, requests: 0, retries: 0, bytesSent: 0, busyMs: 0 };
  }

  async close(): Promise<void> {}
}
