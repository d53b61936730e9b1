import type { Clock } from '../lib/clock.js';
import type { Mapped } from '../rules/mapped.js';
import type { RecordTrace, TracedOutcome } from '../stream/record-trace.js';
import type { RecordBatch } from '../stream/stream.js';
import type { Apply, RejectedSource } from './prepare-batch.js';

/** Adds the spans of the followed records of a batch, with rule and outcome. It keeps outcomes of followed records only. */
export class BatchTrace {
  readonly #trace: RecordTrace;
  readonly #clock: Clock;
  /** By receive time, from the rules until the outcome is durable. */
  readonly #outcomes = new Map<bigint, TracedOutcome>();

  constructor(trace: RecordTrace, clock: Clock) {
    this.#trace = trace;
    this.#clock = clock;
  }

  /** Returns `apply`, which also notes what the rules made of a followed record. */
  noting(apply: Apply): Apply {
    return (record, state) => {
      const { receivedAtNs } = record;
      if (!this.#trace.isFollowed(receivedAtNs)) return apply(record, state);
      // Until `apply` returns: an error in it parks the record.
      this.#outcomes.set(receivedAtNs, { outcome: 'parked', reason: 'mapping-failed' });
      const mapped = apply(record, state);
      this.#outcomes.set(receivedAtNs, outcomeOf(mapped));
      return mapped;
    };
  }

  /** Adds the spans of a batch that became points. */
  decided(batch: RecordBatch, startNs: bigint): void {
    this.#add('decide', batch, startNs);
  }

  /** Adds the spans of a batch whose outcomes are durable. */
  completed(batch: RecordBatch, startNs: bigint, rejected: readonly RejectedSource[]): void {
    for (const { parked } of rejected) {
      const traced = this.#outcomes.get(parked.receivedAtNs);
      if (traced === undefined) continue;
      this.#outcomes.set(parked.receivedAtNs, { ...traced, outcome: 'parked', reason: parked.code });
    }
    this.#add('write', batch, startNs);
  }

  #add(name: 'decide' | 'write', batch: RecordBatch, startNs: bigint): void {
    const endNs = this.#clock.nowNs();
    for (const { records } of batch.parts) {
      for (const { receivedAtNs } of records) {
        const traced = this.#outcomes.get(receivedAtNs);
        if (traced === undefined) continue;
        // Whether the store takes a record is not known before it is asked.
        const known = name === 'decide' && traced.outcome === 'written' ? { rule: traced.rule } : traced;
        this.#trace.add({ name, receivedAtNs, startNs, endNs, ...known });
        if (name === 'write') this.#outcomes.delete(receivedAtNs);
      }
    }
  }
}

function outcomeOf(mapped: Mapped): TracedOutcome {
  switch (mapped.kind) {
    case 'points':
      return { rule: mapped.rule, outcome: 'written' };
    case 'filtered':
      return { rule: mapped.rule, outcome: 'filtered' };
    case 'parked':
      return { rule: mapped.rule, outcome: 'parked', reason: mapped.code };
  }
}
