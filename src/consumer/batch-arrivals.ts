import type { ArrivalReport, ArrivalResult } from '../arrivals/arrival.js';
import { arrivedMessage } from '../arrivals/arrived-message.js';
import { namesIn, type PointText, shownPoints } from '../arrivals/shown-points.js';
import type { Clock } from '../lib/clock.js';
import type { Mapped } from '../rules/mapped.js';
import type { StreamRecord } from '../stream/stream.js';
import type { Apply, RejectedSource } from './prepare-batch.js';

export interface NotedRecord {
  readonly record: StreamRecord;
  /** The tag values of its points. */
  names(): readonly string[];
}

export interface BatchArrivalsDeps {
  readonly text: PointText;
  readonly clock: Clock;
  readonly isFollowed: (receivedAtNs: bigint) => boolean;
  readonly choose: (noted: NotedRecord) => 'found' | 'sample' | undefined;
  readonly report: (report: ArrivalReport) => void;
  readonly onCompleted: (batch: BatchArrivals) => void;
}

/** A record that is done; its payload is released. */
interface Done {
  readonly receivedAtNs: bigint;
  readonly mapped: Mapped;
}

/** Until `apply` returns: an error in it parks the record. */
const FAILED: Mapped = { kind: 'parked', code: 'mapping-failed', reason: 'mapping failed unexpectedly' };

/** What becomes of the records of one batch, for those who watch. Made only while there is somebody. */
export class BatchArrivals {
  readonly #deps: BatchArrivalsDeps;
  readonly #records: StreamRecord[] = [];
  readonly #mapped: Mapped[] = [];
  /** What was chosen when the batch was mapped, by its index. */
  readonly #chosen = new Map<number, Pick<ArrivalReport, 'message' | 'isSample'>>();
  #rejected: readonly RejectedSource[] = [];
  #mappedMs = 0;
  #completedMs = 0;
  /** The records in stream order, once all are done. */
  done: readonly Done[] = [];

  constructor(deps: BatchArrivalsDeps) {
    this.#deps = deps;
  }

  /** Returns `apply`, which also notes what the rules made of each record. */
  noting(apply: Apply): Apply {
    return (record, state) => {
      const index = this.#records.push(record) - 1;
      this.#mapped.push(FAILED);
      const mapped = apply(record, state);
      this.#mapped[index] = mapped;
      return mapped;
    };
  }

  /** The batch has become points, which the store does not have yet. Chooses records while their payloads are there. */
  mapped(): void {
    this.#mappedMs = this.#nowMs();
    for (const [index, record] of this.#records.entries()) {
      const isFollowed = this.#deps.isFollowed(record.receivedAtNs);
      const choice = isFollowed
        ? 'followed'
        : this.#deps.choose({ record, names: () => namesIn(pointsOf(this.#mapped[index]!)) });
      if (choice === undefined) continue;
      this.#chosen.set(index, {
        ...(choice !== 'followed' && { message: arrivedMessage(record) }),
        ...(choice === 'sample' && { isSample: true }),
      });
      this.#report(record.receivedAtNs, this.#mapped[index]!, this.#chosen.get(index)!, false);
    }
  }

  /** The outcomes of the batch are durable. */
  completed(rejected: readonly RejectedSource[]): void {
    this.#completedMs = this.#nowMs();
    this.#rejected = rejected;
    this.done = this.#records.map(({ receivedAtNs }, index) => ({
      receivedAtNs,
      mapped: this.#mapped[index]!,
    }));
    for (const [index, { receivedAtNs, mapped }] of this.done.entries()) {
      const chosen = this.#chosen.get(index) ?? (this.#deps.isFollowed(receivedAtNs) ? {} : undefined);
      if (chosen !== undefined) this.#report(receivedAtNs, mapped, chosen, true);
    }
    this.#records.length = 0;
    this.#chosen.clear();
    this.#deps.onCompleted(this);
  }

  /** Reports a record of this batch, which is done. False: it is not in it. */
  reportDone(receivedAtNs: bigint): boolean {
    const found = this.done.find((one) => one.receivedAtNs === receivedAtNs);
    if (found === undefined) return false;
    this.#report(receivedAtNs, found.mapped, {}, true);
    return true;
  }

  #report(
    receivedAtNs: bigint,
    mapped: Mapped,
    chosen: Pick<ArrivalReport, 'message' | 'isSample'>,
    isDone: boolean,
  ): void {
    const points = pointsOf(mapped);
    this.#deps.report({
      id: String(receivedAtNs),
      result: {
        ...shownPoints(mapped.rule ?? '', points, this.#deps.text),
        ...(mapped.rule !== undefined && { rule: mapped.rule }),
        ...(isDone ? this.#outcome(receivedAtNs, mapped) : { outcome: 'waiting' as const }),
      },
      steps: { mappedMs: this.#mappedMs, ...(isDone && { storedMs: this.#completedMs }) },
      names: namesIn(points),
      ...chosen,
    });
  }

  #outcome(receivedAtNs: bigint, mapped: Mapped): Pick<ArrivalResult, 'outcome' | 'code' | 'reason'> {
    if (mapped.kind === 'filtered') return { outcome: 'ignored' };
    const rejected = this.#rejected.find(({ parked }) => parked.receivedAtNs === receivedAtNs)?.parked;
    const { code, reason } = mapped.kind === 'parked' ? mapped : (rejected ?? {});
    if (code === undefined) return { outcome: 'stored' };
    return { outcome: 'set-aside', code, ...(reason !== undefined && { reason }) };
  }

  #nowMs(): number {
    return Number(this.#deps.clock.nowNs() / 1_000_000n);
  }
}

function pointsOf(mapped: Mapped): Extract<Mapped, { kind: 'points' }>['points'] {
  return mapped.kind === 'filtered' ? [] : (mapped.points ?? []);
}
