import { type Apply, type PreparedBatch, parkRejected, prepareBatch } from '../consumer/prepare-batch.js';
import type { ParkedRecord } from '../dead-letter/parked-record.js';
import type { ReplayOutcome } from '../dead-letter/replay-journal.js';
import type { StateTables } from '../lib/state-tables.js';
import type { Sink } from '../sink/sink.js';
import type { RecordBatch } from '../stream/stream.js';

/** What a replay maps by: the rules that it began with, and a state of its own over the one of the stream. */
export interface ReplayMapping {
  readonly apply: Apply;
  readonly state: StateTables;
}

/**
 * Processes parked records again and writes their points to the store. Resolves with the outcomes, one for each record, in
 * order. The records are unchanged, so each point has the same identity as in the first try. Rejects with SINK_ABORTED
 * once `signal` has aborted.
 */
export async function reprocessParked(
  records: readonly ParkedRecord[],
  mapping: ReplayMapping,
  sink: Pick<Sink, 'write'>,
  nowMs: number,
  signal: AbortSignal,
): Promise<ReplayOutcome[]> {
  const prepared = prepare(records, mapping, nowMs);
  const rejections = prepared.points.length === 0 ? [] : await sink.write(prepared.points, signal);
  const outcomes = outcomesOf(prepared);
  for (const { part, parked } of parkRejected(prepared, rejections, nowMs)) {
    outcomes[part] = parkedAgain(parked);
  }
  return outcomes;
}

/** The outcomes that `reprocessParked` would have if the store rejected nothing. */
export function previewParked(
  records: readonly ParkedRecord[],
  mapping: ReplayMapping,
  nowMs: number,
): ReplayOutcome[] {
  return outcomesOf(prepare(records, mapping, nowMs));
}

/** Puts each record into a part of its own, so that its outcome can be found. */
function prepare(
  records: readonly ParkedRecord[],
  { apply, state }: ReplayMapping,
  nowMs: number,
): PreparedBatch {
  const batch: RecordBatch = {
    parts: records.map(({ receivedAtNs, topic, clientId, user, qos, payload, properties }) => ({
      partition: '',
      records: [{ receivedAtNs, topic, clientId, user, qos, payload, properties }],
      lost: { damaged: 0, dropped: 0 },
    })),
    position: '',
    release: () => undefined,
  };
  return prepareBatch(batch, apply, () => state, nowMs);
}

function outcomesOf({ parts }: PreparedBatch): ReplayOutcome[] {
  return parts.map(({ parked: [parked], filtered }) => {
    if (parked !== undefined) return parkedAgain(parked);
    const [rule] = filtered.keys();
    return rule === undefined ? { to: 'written' } : { to: 'filtered', rule };
  });
}

function parkedAgain({ code, reason, rule, refusedPoints }: ParkedRecord): ReplayOutcome {
  return { to: 'parked', code, reason, rule, refusedPoints };
}
