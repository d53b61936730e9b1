import { ATTRIBUTE, count, text } from './lease-row.js';
import type { LeaseRows, Row } from './lease-rows.js';

/**
 * That a worker is there, also while it has no lease. Without it a newcomer could only show itself by taking a
 * lease from another by force, in the middle of what that one has under way.
 */
export interface WorkerBeat {
  readonly workerId: string;
  /** Another value with every sign of life. */
  readonly heartbeat: number;
  /** The most shards it will take; absent: no limit. */
  readonly maxLeases?: number;
}

export const WORKER_ENTITY = 'SLUICE_WORKER';
const WORKER_ID = 'sluiceWorkerId';
const MAX_LEASES = 'sluiceMaxLeases';

const keyOf = (workerId: string) => `worker#${workerId}`;

export function workerOfRow(row: Row): WorkerBeat | undefined {
  const workerId = text(row, WORKER_ID);
  if (row[ATTRIBUTE.entityType] !== WORKER_ENTITY || workerId === undefined) return undefined;
  const maxLeases = count(row, MAX_LEASES);
  return {
    workerId,
    heartbeat: count(row, ATTRIBUTE.counter) ?? 0,
    ...(maxLeases === undefined ? {} : { maxLeases }),
  };
}

export async function writeBeat(rows: LeaseRows, beat: WorkerBeat): Promise<void> {
  await rows.write(keyOf(beat.workerId), {
    set: {
      [ATTRIBUTE.entityType]: WORKER_ENTITY,
      [WORKER_ID]: beat.workerId,
      [ATTRIBUTE.counter]: beat.heartbeat,
      ...(beat.maxLeases === undefined ? {} : { [MAX_LEASES]: beat.maxLeases }),
    },
  });
}

/** Not if it has shown a sign of life since. */
export async function removeWorker(rows: LeaseRows, beat: WorkerBeat): Promise<void> {
  await rows.remove(keyOf(beat.workerId), { [ATTRIBUTE.counter]: beat.heartbeat });
}
