import type { SettledAs } from '../dead-letter/settled-journal.js';
import type { PlacedRecord } from '../dead-letter/settling-file.js';
import type { Sink } from '../sink/sink.js';
import type { RecordBatch, StreamRecord } from '../stream/stream.js';
import { type PreparedBatch, parkRefused, prepareBatch } from './prepare-batch.js';
import type { Mapped } from './rules/mapped.js';

/** What decides the fate of a record a second time: the rules in force, and the store. */
export interface ReplayStore {
  readonly apply: (record: StreamRecord) => Mapped;
  readonly sink: Pick<Sink, 'write' | 'status'>;
}

/**
 * The fates of parked records by the rules of now, one for each, in order; their points are then in the store. The
 * records are as they were received, so points keep their identity. Rejects with SINK_ABORTED once `signal` has aborted.
 */
export async function replayParked(
  placed: readonly PlacedRecord[],
  { apply, sink }: ReplayStore,
  nowMs: number,
  signal: AbortSignal,
): Promise<SettledAs[]> {
  const prepared = prepare(placed, apply, nowMs);
  const refusals = prepared.points.length === 0 ? [] : await sink.write(prepared.points, signal);
  const fates = fatesOf(prepared);
  for (const { part, parked } of parkRefused(prepared, refusals, nowMs)) fates[part] = parkedAs(parked);
  return fates;
}

/** What `replayParked` would come to if the store refused nothing. */
export function foreseeParked(
  placed: readonly PlacedRecord[],
  apply: ReplayStore['apply'],
  nowMs: number,
): SettledAs[] {
  return fatesOf(prepare(placed, apply, nowMs));
}

/** One part for each record: so the fate of each can be told. */
function prepare(placed: readonly PlacedRecord[], apply: ReplayStore['apply'], nowMs: number): PreparedBatch {
  const batch: RecordBatch = {
    parts: placed.map(({ parked: { receivedAtNs, topic, clientId, qos, payload } }) => ({
      partition: '',
      records: [{ receivedAtNs, topic, clientId, qos, payload }],
      lost: { damaged: 0, dropped: 0 },
    })),
    position: '',
    release: () => undefined,
  };
  return prepareBatch(batch, apply, nowMs);
}

function fatesOf({ parts }: PreparedBatch): SettledAs[] {
  return parts.map(({ parked: [parked], filtered }) => {
    if (parked !== undefined) return parkedAs(parked);
    const [rule] = filtered.keys();
    return rule === undefined ? { to: 'written' } : { to: 'filtered', rule };
  });
}

function parkedAs({ code, reason, rule, refusedPoints }: PlacedRecord['parked']): SettledAs {
  return {
    to: 'parked',
    code,
    reason,
    ...(rule === undefined ? {} : { rule }),
    ...(refusedPoints === undefined ? {} : { refusedPoints }),
  };
}
