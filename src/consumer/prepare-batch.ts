import { type ParkedPoint, type ParkedRecord, parkedRecord } from '../dead-letter/parked-record.js';
import { errorText } from '../errors.js';
import type { Point, Refusal } from '../sink/sink.js';
import type { BatchPart, LostRecords, RecordBatch, StreamRecord } from '../stream/stream.js';
import type { Mapped } from './rules/mapped.js';

/** What the rules made of a batch: its points for the sink, and the fates already decided. */
export interface PreparedBatch {
  readonly batch: RecordBatch;
  /** Of all records, in stream order. */
  readonly points: readonly Point[];
  /** Per point: which of `sources` it came from. */
  readonly sourceOfPoint: readonly number[];
  /** Records that became points. */
  readonly sources: readonly PointSource[];
  /** One for each part of the batch. */
  readonly parts: readonly PreparedPart[];
}

export interface PreparedPart {
  readonly partition: string;
  readonly lost: LostRecords;
  /** How many records became points. */
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
}

/** Pure: the same batch gives the same points, whenever it is replayed. */
export function prepareBatch(
  batch: RecordBatch,
  apply: (record: StreamRecord) => Mapped,
  nowMs: number,
): PreparedBatch {
  const points: Point[] = [];
  const sourceOfPoint: number[] = [];
  const sources: PointSource[] = [];
  const preparePart = (part: BatchPart, index: number): PreparedPart => {
    const parked: ParkedRecord[] = [];
    const filtered = new Map<string, number>();
    const firstSource = sources.length;
    for (const record of part.records) {
      const mapped = applySafely(apply, record);
      switch (mapped.kind) {
        case 'points':
          sources.push({
            part: index,
            record,
            rule: mapped.rule,
            firstPoint: points.length,
            points: mapped.points.length,
          });
          for (const point of mapped.points) {
            points.push(point);
            sourceOfPoint.push(sources.length - 1);
          }
          break;
        case 'filtered':
          filtered.set(mapped.rule, (filtered.get(mapped.rule) ?? 0) + 1);
          break;
        case 'parked': {
          const { code, reason, rule } = mapped;
          parked.push(parkedRecord(record, { code, reason, ...(rule === undefined ? {} : { rule }) }, nowMs));
          break;
        }
      }
    }
    const { partition, lost } = part;
    return { partition, lost, sources: sources.length - firstSource, parked, filtered };
  };
  const parts = batch.parts.map(preparePart);
  return { batch, points, sourceOfPoint, sources, parts };
}

/** A fault of ours in mapping one record must not stop all others: the record is kept, and says what happened. */
function applySafely(apply: (record: StreamRecord) => Mapped, record: StreamRecord): Mapped {
  try {
    return apply(record);
  } catch (thrown) {
    return {
      kind: 'parked',
      code: 'mapping-failed',
      reason: `mapping failed unexpectedly: ${errorText(thrown)}`,
    };
  }
}

export interface RefusedSource {
  /** Index among the parts. */
  readonly part: number;
  readonly parked: ParkedRecord;
}

/** One parked record for each source of which the store refused a point, in stream order. */
export function parkRefused(
  prepared: PreparedBatch,
  refusals: readonly Refusal[],
  nowMs: number,
): RefusedSource[] {
  const bySource = new Map<number, ParkedPoint[]>();
  for (const refusal of [...refusals].sort((a, b) => a.index - b.index)) {
    const at = prepared.sourceOfPoint[refusal.index]!;
    const index = refusal.index - prepared.sources[at]!.firstPoint;
    const refused = bySource.get(at) ?? [];
    refused.push({ index, code: refusal.code, reason: refusal.reason });
    bySource.set(at, refused);
  }
  return [...bySource].map(([at, refused]) => {
    const source = prepared.sources[at]!;
    const isPartial = refused.length < source.points;
    const { code, reason } = refused[0]!;
    const parked = parkedRecord(
      source.record,
      { code, reason, rule: source.rule, ...(isPartial ? { refusedPoints: refused } : {}) },
      nowMs,
    );
    return { part: source.part, parked };
  });
}
