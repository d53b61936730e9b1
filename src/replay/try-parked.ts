import type { RecordPlace } from '../dead-letter/parked-group.js';
import type { ParkedRecord } from '../dead-letter/parked-record.js';
import { readParkedAt } from '../dead-letter/read-parked-at.js';
import { TimeSlice } from '../lib/time-slice.js';
import type { ExplanationJson } from '../rules/explain-record.js';

/** What the rules in force make of one parked record. */
export interface TriedRecord {
  readonly outcome: ExplanationJson['outcome'];
  /** Why it would not be written, cut to a length for a person. */
  readonly code?: string;
  readonly reason?: string;
}

/** One request tries at most this much, so that it ends soon whatever devices have sent. */
const MAX_RECORDS = 500;
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_REASON_CHARACTERS = 300;

/**
 * Tries parked records, each alone, without writing anything. Resolves with one result for each place, in order;
 * `undefined` for a record that is not there any more, has no payload, or is beyond the limits.
 */
export async function tryParked(
  directory: string,
  places: readonly RecordPlace[],
  explain: (parked: ParkedRecord) => Pick<ExplanationJson, 'outcome' | 'code' | 'reason'>,
): Promise<(TriedRecord | undefined)[]> {
  const slice = new TimeSlice();
  const tried: (TriedRecord | undefined)[] = [];
  let leftBytes = MAX_BYTES;
  for (const place of places) {
    leftBytes -= place.end - place.at;
    const isBeyond = tried.length >= MAX_RECORDS || leftBytes < 0;
    const parked = isBeyond ? undefined : await readParkedAt(directory, place);
    tried.push(
      parked === undefined || parked.bytesNotKept !== undefined ? undefined : shortened(explain(parked)),
    );
    if (slice.isOver) await slice.yield();
  }
  return tried;
}

function shortened({
  outcome,
  code,
  reason,
}: Pick<ExplanationJson, 'outcome' | 'code' | 'reason'>): TriedRecord {
  return { outcome, code, reason: reason?.slice(0, MAX_REASON_CHARACTERS) };
}
