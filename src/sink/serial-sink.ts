import { Turns } from '../turns.js';
import type { Point, Refusal, Sink } from './sink.js';

/**
 * Lets two writers share a sink, whose `write` calls must not overlap: they take turns in the order of asking, so a
 * writer that always has more waits for one batch of the other at most.
 */
export class SerialSink implements Pick<Sink, 'write'> {
  readonly #sink: Sink;
  readonly #turns = new Turns();

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** As `Sink.write`, also while it waits for its turn: the sink itself refuses once `signal` has aborted. */
  write(points: readonly Point[], signal: AbortSignal): Promise<readonly Refusal[]> {
    return this.#turns.take(() => this.#sink.write(points, signal));
  }
}
