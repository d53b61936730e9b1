import { SerialQueue } from '../lib/serial-queue.js';
import type { Point } from '../sink/point.js';
import type { Rejection, Sink } from '../sink/sink.js';

/**
 * Lets several writers share a sink, whose `write` calls must not overlap. The calls run in the order in which they were
 * made, so a writer that always has more waits for one batch of another at most.
 */
export class SerialSink implements Pick<Sink, 'write'> {
  readonly #sink: Pick<Sink, 'write'>;
  readonly #queue: SerialQueue;

  /** Writers of one store share the queue. */
  constructor(sink: Pick<Sink, 'write'>, queue = new SerialQueue()) {
    this.#sink = sink;
    this.#queue = queue;
  }

  /** As `Sink.write`. The call stays in the queue after `signal` has aborted: the sink itself rejects it then. */
  write(points: readonly Point[], signal: AbortSignal): Promise<readonly Rejection[]> {
    return this.#queue.run(() => this.#sink.write(points, signal));
  }
}
