import { type PreparedBatch, parkRejected, prepareBatch } from '../consumer/prepare-batch.js';
import type { ParkedRecord } from '../dead-letter/parked-record.js';
import type { ReplayOutcome } from '../dead-letter/replay-journal.js';
import type { Mapped } from '../rules/mapped.js';
import type { Sink } from '../sink/sink.js';
import type { RecordBatch, StreamRecord } from '../stream/stream.js';

/** Maps a record by the rules that a replay began with. */
export type Apply = (record: StreamRecord) => Mapped;

/**
 * Processes parked records again and writes their points to the store. Resolves with the outcomes, one for each record, in
 * order. The records are unchanged, so each point has the same identity as in the first try. Rejects with SINK_ABORTED
 * once `signal` has aborted.
 */
export async function reprocessParked(
  records: readonly ParkedRecord[],
  apply: Apply,
  sink: Pick<Sink, 'write'>,
  nowMs: number,
  signal: AbortSignal,
): Promise<ReplayOutcome[]> {
  const prepared = prepare(records, apply, nowMs);
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
  apply: Apply,
  nowMs: number,
): ReplayOutcome[] {
  return outcomesOf(prepare(records, apply, nowMs));
}

/** Puts each record into a part of its own, so that its outcome can be found. */
function prepare(records: readonly ParkedRecord[], apply: Apply, nowMs: number): PreparedBatch {
  const batch: RecordBatch = {
    parts: records.map(({ receivedAtNs, topic, clientId, qos, payload }) => ({
      partition: '',
      records: [{ receivedAtNs, topic, clientId, qos, payload }],
      lost: { damaged: 0, dropped: 0 },
    })),
    position: '',
    release: () => undefined,
  };
  return prepareBatch(batch, apply, nowMs);
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
