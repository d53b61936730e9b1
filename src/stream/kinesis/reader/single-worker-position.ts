import { SluiceError } from '../../../lib/errors.js';
import type { Position } from '../../stream.js';
import { parseShardPosition, type ShardProgress, shardPositionText } from '../shard-position.js';

/** RetiredShards were read to their ends and are no longer listed: only their number and their records are kept. */
export interface RetiredShards {
  readonly shards: number;
  readonly records: number;
}

export interface SingleWorkerPosition {
  /** By shard id. */
  readonly shards: ReadonlyMap<string, ShardProgress>;
  readonly retired: RetiredShards;
  /** Which stream of that name the shards are of; absent in positions of version 0.1. */
  readonly streamCreatedAtMs?: number;
}

interface PositionText {
  readonly shards: Readonly<Record<string, { readonly at: string; readonly records: number }>>;
  readonly retired: RetiredShards;
  readonly streamCreatedAtMs?: number;
}

/** Returns `{"shards":{"<shard id>":{"at":"<position>","records":<n>}},"retired":{"shards":<n>,"records":<n>},"streamCreatedAtMs":<ms>}` */
export function singleWorkerPositionText({
  shards,
  retired,
  streamCreatedAtMs,
}: SingleWorkerPosition): Position {
  const progress = [...shards].map(([shardId, { at, records }]) => [
    shardId,
    { at: shardPositionText(at), records },
  ]);
  return JSON.stringify({
    shards: Object.fromEntries(progress),
    retired,
    streamCreatedAtMs,
  } satisfies PositionText);
}

/** Throws CHECKPOINT_UNREADABLE. */
export function parseSingleWorkerPosition(position: Position): SingleWorkerPosition {
  const { shards, retired, streamCreatedAtMs } = parsed(position);
  return {
    shards: new Map(
      Object.entries(shards).map(([shardId, { at, records }]) => [
        shardId,
        { at: parseShardPosition(at), records: counted(records, position) },
      ]),
    ),
    retired: {
      shards: counted(retired.shards, position),
      records: counted(retired.records, position),
    },
    streamCreatedAtMs,
  };
}

function parsed(position: Position): PositionText {
  try {
    const { shards, retired, streamCreatedAtMs } = JSON.parse(position) as PositionText;
    if (isObject(shards) && isObject(retired) && Object.values(shards).every(isProgress))
      return { shards, retired, streamCreatedAtMs };
  } catch {
    // Text that is not JSON is as unreadable as any other.
  }
  throw unreadable(position);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isProgress(value: unknown): boolean {
  return isObject(value) && typeof (value as { at?: unknown }).at === 'string';
}

function counted(value: unknown, position: Position): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw unreadable(position);
}

function unreadable(position: Position): SluiceError {
  return new SluiceError(
    'CHECKPOINT_UNREADABLE',
    `"${position.slice(0, 200)}" is not a position in a Kinesis stream`,
  );
}
