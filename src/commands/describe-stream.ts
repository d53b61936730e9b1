import { SluiceError } from '../lib/errors.js';
import { printable } from '../lib/printable.js';
import { parentsOf, type ShardDescription, type StreamSummary } from '../stream/kinesis/kinesis-api.js';
import { hasCode, type StreamCommand, shardCount } from './manage-stream.js';
import { textTable } from './text-table.js';

/** ShardReading is how far an application has read a shard, by its checkpoints or leases. */
export interface ShardReading {
  readonly shardId: string;
  /** The worker that holds the lease. */
  readonly owner?: string;
  readonly position?: string;
  readonly millisBehind?: number;
}

export interface ApplicationReading {
  readonly application: string;
  readonly shards: readonly ShardReading[];
  /** Why its positions cannot be read, for example because it has never run. */
  readonly problem?: string;
}

export interface DescribeStreamOptions extends StreamCommand {
  readonly json: boolean;
  /** How far one application has read. */
  readonly reading?: ApplicationReading;
}

const HASH_KEYS = 2n ** 128n;

/** Runs `sluice stream describe`: prints the stream and its shards, as tables or as one JSON object. Throws KINESIS_STREAM_MISSING. */
export async function describeStream(options: DescribeStreamOptions): Promise<number> {
  const { streamName, api, out, json, reading } = options;
  const stream = await api.describeStream().catch((thrown: unknown) => {
    if (!hasCode(thrown, 'KINESIS_STREAM_MISSING')) throw thrown;
    const text = `stream ${streamName} does not exist here; \`sluice stream create\` creates it (${(thrown as Error).message})`;
    throw new SluiceError('KINESIS_STREAM_MISSING', text, { cause: thrown });
  });
  const rows = shardRows(await api.listShards(), reading?.shards ?? []);
  if (json) {
    const application = reading === undefined ? {} : { application: reading.application };
    out(JSON.stringify({ name: streamName, ...stream, ...application, shards: rows }, undefined, 2));
    return 0;
  }
  for (const line of [...summaryLines(streamName, stream), '', ...shardTable(rows, reading !== undefined)])
    out(line);
  if (reading !== undefined)
    out(
      reading.problem === undefined
        ? `(OWNER, POSITION and LAG are those of application ${reading.application}.)`
        : `(The positions of application ${reading.application} cannot be read: ${reading.problem})`,
    );
  return 0;
}

type ShardState = 'open' | 'closed' | 'gone';

/** One shard as `describe --json` has it. */
interface ShardRow extends ShardReading {
  readonly state: ShardState;
  readonly parents: readonly string[];
  /** The shard's part of all hash keys, 0 to 100. */
  readonly percent?: number;
}

/** Returns the listed shards, then those that the application knows and the stream no longer has. */
function shardRows(
  shards: readonly ShardDescription[],
  readings: readonly ShardReading[],
): readonly ShardRow[] {
  const left = new Map(readings.map((reading) => [reading.shardId, reading]));
  const listed = shards.map((shard): ShardRow => {
    const reading = left.get(shard.shardId);
    left.delete(shard.shardId);
    return {
      ...reading,
      shardId: shard.shardId,
      state: shard.endingSequenceNumber === undefined ? 'open' : 'closed',
      parents: parentsOf(shard),
      percent: percentOf(shard),
    };
  });
  return [
    ...listed,
    ...[...left.values()].map((reading): ShardRow => ({ ...reading, state: 'gone', parents: [] })),
  ];
}

function percentOf(shard: ShardDescription): number {
  const keys = BigInt(shard.endingHashKey) - BigInt(shard.startingHashKey) + 1n;
  // Rounded: the ranges of three equal shards differ by one key.
  return Number((keys * 1_000_000n + HASH_KEYS / 2n) / HASH_KEYS) / 10_000;
}

function summaryLines(streamName: string, stream: StreamSummary): string[] {
  return [
    `stream        ${streamName}`,
    `status        ${stream.status}`,
    `capacity      ${stream.mode === 'ON_DEMAND' ? 'on demand' : 'provisioned'}, ${shardCount(stream.openShards)} open`,
    `distribution  ${stream.recordDistribution === 'AUTO' ? 'automatic: keys are ignored' : 'by key'}`,
    `retention     ${stream.retentionHours} h`,
    `record        at most ${stream.maxRecordBytes} bytes`,
    `ARN           ${stream.arn}`,
  ];
}

function shardTable(rows: readonly ShardRow[], hasReading: boolean): string[] {
  const heads = ['SHARD', 'STATE', 'KEYS', 'PARENTS', ...(hasReading ? ['OWNER', 'POSITION', 'LAG'] : [])];
  const cells = rows.map((row) => [
    row.shardId,
    row.state,
    row.percent === undefined ? '-' : `${row.percent.toFixed(2)} %`,
    row.parents.length === 0 ? '-' : row.parents.join(' '),
    ...(hasReading ? [printable(row.owner ?? '-', 48), position(row.position), lag(row.millisBehind)] : []),
  ]);
  return textTable(heads, cells);
}

const POSITION_CHARACTERS = 24;

/** Shortens a position to its end, where sequence numbers of one shard differ; JSON has the whole position. */
function position(text: string | undefined): string {
  if (text === undefined) return '-';
  return text.length <= POSITION_CHARACTERS ? text : `…${text.slice(-POSITION_CHARACTERS)}`;
}

function lag(ms: number | undefined): string {
  if (ms === undefined) return '-';
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
