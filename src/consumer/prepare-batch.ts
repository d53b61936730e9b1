import { type ParkedPoint, type ParkedRecord, parkedRecord } from '../dead-letter/parked-record.js';
import type { NotKept } from '../dead-letter/parking.js';
import type { Ledger } from '../ledger/ledger.js';
import { errorText } from '../lib/errors.js';
import type { StateTables } from '../lib/state-tables.js';
import type { Mapped } from '../rules/mapped.js';
import type { Point } from '../sink/point.js';
import type { Rejection } from '../sink/sink.js';
import type { BatchPart, LostRecords, RecordBatch, StreamRecord } from '../stream/stream.js';

/** What the rules made of a batch: the points for the sink, and the outcomes that are already known. */
export interface PreparedBatch {
  readonly batch: RecordBatch;
  /** The points of all records, in stream order. */
  readonly points: readonly Point[];
  /** For each point the index of the record in `sources` that it came from. */
  readonly sourceOfPoint: readonly number[];
  /** Records that became points. */
  readonly sources: readonly PointSource[];
  /** One for each part of the batch. */
  readonly parts: readonly PreparedPart[];
}

export interface PreparedPart {
  readonly partition: string;
  readonly lost: LostRecords;
  /** How many records became points, without the parked ones. */
  readonly sources: number;
  readonly parked: readonly ParkedRecord[];
  /** Rule name → records. */
  readonly filtered: ReadonlyMap<string, number>;
}

export interface PointSource {
  /** Index among the parts. */
  readonly part: number;
  readonly record: StreamRecord;
  readonly rule: string;
  readonly firstPoint: number;
  readonly points: number;
  /** The record is parked already, because of another part of it: what the store says of these points changes nothing. */
  readonly isParked?: boolean;
}

/** Maps a record. `state` is what the records before it in its partition have left. */
export type Apply = (record: StreamRecord, state: StateTables) => Mapped;

/**
 * A payload that could not be inflated keeps some KiB until the event loop has had a turn, so a batch of very many of them
 * must give it some.
 */
const MAX_RECORDS_PER_TURN = 5_000;

/**
 * The same batch gives the same points whenever it is mapped again from the same state. `stateOf` is the state of a
 * partition, which the records change.
 */
export function prepareBatch(...batch: Parameters<typeof prepareBatchBySlices>): PreparedBatch {
  const turns = prepareBatchBySlices(...batch);
  for (;;) {
    const turn = turns.next();
    if (turn.done) return turn.value;
  }
}

/** The same, and yields where the event loop should have a turn before it goes on. */
export function* prepareBatchBySlices(
  batch: RecordBatch,
  apply: Apply,
  stateOf: (partition: string) => StateTables,
  nowMs: number,
): Generator<undefined, PreparedBatch> {
  const points: Point[] = [];
  const sourceOfPoint: number[] = [];
  const sources: PointSource[] = [];
  let mappedRecords = 0;
  function* preparePart(part: BatchPart, index: number): Generator<undefined, PreparedPart> {
    const parked: ParkedRecord[] = [];
    const filtered = new Map<string, number>();
    let written = 0;
    const state = stateOf(part.partition);
    const take = (record: StreamRecord, rule: string, made: readonly Point[], isParked: boolean) => {
      sources.push({
        part: index,
        record,
        rule,
        firstPoint: points.length,
        points: made.length,
        ...(isParked && { isParked }),
      });
      for (const point of made) {
        points.push(point);
        sourceOfPoint.push(sources.length - 1);
      }
    };
    for (const record of part.records) {
      if (mappedRecords > 0 && mappedRecords % MAX_RECORDS_PER_TURN === 0) yield;
      mappedRecords++;
      const mapped = applySafely(apply, record, state);
      switch (mapped.kind) {
        case 'points':
          take(record, mapped.rule, mapped.points, false);
          written++;
          break;
        case 'filtered':
          filtered.set(mapped.rule, (filtered.get(mapped.rule) ?? 0) + 1);
          break;
        case 'parked': {
          const { code, reason, rule, points: good = [] } = mapped;
          if (good.length > 0) take(record, rule ?? '', good, true);
          parked.push(parkedRecord(record, { code, reason, rule }, nowMs));
          break;
        }
      }
    }
    const { partition, lost } = part;
    return { partition, lost, sources: written, parked, filtered };
  }
  const parts: PreparedPart[] = [];
  for (const [index, part] of batch.parts.entries()) parts.push(yield* preparePart(part, index));
  return { batch, points, sourceOfPoint, sources, parts };
}

/** A bug of Sluice in mapping one record must not stop all others: the record is parked with the error. */
function applySafely(apply: Apply, record: StreamRecord, state: StateTables): Mapped {
  try {
    return apply(record, state);
  } catch (thrown) {
    return {
      kind: 'parked',
      code: 'mapping-failed',
      reason: `mapping failed unexpectedly: ${errorText(thrown)}`,
    };
  }
}

export interface RejectedSource {
  /** Index among the parts. */
  readonly part: number;
  readonly parked: ParkedRecord;
}

/** Makes one parked record for each source of which the store rejected a point, in stream order. */
export function parkRejected(
  prepared: PreparedBatch,
  rejections: readonly Rejection[],
  nowMs: number,
): RejectedSource[] {
  const bySource = new Map<number, ParkedPoint[]>();
  for (const { index, code, reason } of [...rejections].sort((a, b) => a.index - b.index)) {
    const at = prepared.sourceOfPoint[index]!;
    if (prepared.sources[at]!.isParked === true) continue;
    const rejected = bySource.get(at) ?? [];
    rejected.push({ index: index - prepared.sources[at]!.firstPoint, code, reason });
    bySource.set(at, rejected);
  }
  return [...bySource].map(([at, rejected]) => {
    const source = prepared.sources[at]!;
    const isPartial = rejected.length < source.points;
    const { code, reason } = rejected[0]!;
    const parked = parkedRecord(
      source.record,
      { code, reason, rule: source.rule, refusedPoints: isPartial ? rejected : undefined },
      nowMs,
    );
    return { part: source.part, parked };
  });
}

/**
 * Counts the outcome of every record of a batch. `rejected` are the records of which the store rejected a point; they are
 * parked by now, and `notKept` says which of all parked ones have lost their payload.
 */
export function recordOutcomes(
  ledger: Ledger,
  prepared: PreparedBatch,
  rejected: readonly RejectedSource[],
  notKept: NotKept,
): void {
  for (const [index, part] of prepared.parts.entries()) {
    const rejectedOfPart = rejected.filter((source) => source.part === index);
    const counts = ledger.partition(part.partition);
    counts.addWritten(part.sources - rejectedOfPart.length);
    for (const parked of part.parked) counts.addParked(parked.code, notKept.get(parked));
    for (const { parked } of rejectedOfPart) counts.addParked(parked.code, notKept.get(parked));
    for (const [rule, records] of part.filtered) counts.addFiltered(rule, records);
    counts.addLost(part.lost);
  }
}
