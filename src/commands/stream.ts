import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../config/load-config.js';
import type { KinesisConfig } from '../config/sluice-config.js';
import { SluiceError } from '../errors.js';
import { printable } from '../printable.js';
import type {
  KinesisApi,
  ShardDescription,
  StreamAdminApi,
  StreamSummary,
} from '../stream/kinesis/kinesis-api.js';
import { connectKinesis } from '../threads/connect-kinesis.js';

/** What the three commands need; tests hand in a Kinesis and a clock of their own. */
export interface StreamCommand {
  readonly streamName: string;
  readonly api: KinesisApi & StreamAdminApi;
  /** Takes one line, without its end. */
  readonly out: (line: string) => void;
  /** Between two looks at the stream. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

export interface CreateStreamOptions extends StreamCommand {
  /** Absent: on demand. */
  readonly shards?: number;
}

export interface DeleteStreamOptions extends StreamCommand {
  readonly yes: boolean;
}

/** How far an application has read a shard, by its checkpoints or leases. */
export interface ShardReading {
  readonly shardId: string;
  /** Who holds the lease. */
  readonly owner?: string;
  readonly position?: string;
  readonly millisBehind?: number;
}

export interface ApplicationReading {
  readonly application: string;
  readonly shards: readonly ShardReading[];
  /** Why its places cannot be read, for example because it has never run. */
  readonly problem?: string;
}

export interface DescribeStreamOptions extends StreamCommand {
  readonly json: boolean;
  /** Of one application. */
  readonly reading?: ApplicationReading;
}

const POLL_MS = 1_000;
/** A stream takes seconds; with very many shards, a few minutes. */
const POLLS = 600;
const HASH_KEYS = 2n ** 128n;

/** Runs a command on the stream of the configuration. Throws USAGE_INVALID when it has none. */
export async function onConfiguredStream(
  configFile: string | undefined,
  run: (command: StreamCommand, kinesis: KinesisConfig, directory: string) => Promise<number>,
): Promise<number> {
  const { stream, dataDirectory } = await loadConfig(configFile);
  const { kinesis } = stream;
  if (kinesis === undefined) {
    throw new SluiceError(
      'USAGE_INVALID',
      'stream.mode is direct: there is no Kinesis stream (docs/kinesis.md)',
    );
  }
  const api = await connectKinesis(kinesis);
  try {
    const out = (line: string) => void process.stdout.write(`${line}\n`);
    return await run({ streamName: kinesis.name, api, out }, kinesis, dataDirectory);
  } finally {
    api.close();
  }
}

/** `sluice stream create`: 0 when the stream is ACTIVE, made by this call or before; 1 when it is not within 10 minutes. */
export async function createStream(options: CreateStreamOptions): Promise<number> {
  const { streamName, api, out, shards } = options;
  const isNew = await api.createStream(shards).then(() => true, toleratedBusy);
  if (isNew)
    out(
      `Creating stream ${streamName} ${shards === undefined ? 'on demand' : `with ${shardCount(shards)}`} …`,
    );
  const stream = await untilStatus(
    options,
    (status) => status === 'ACTIVE' || (!isNew && status === 'UPDATING'),
  );
  if (stream === undefined) return gaveUp(options, 'is still not ACTIVE');
  const found = `${stream.mode === 'ON_DEMAND' ? 'on demand, ' : ''}${shardCount(stream.openShards)}`;
  out(isNew ? `Stream ${streamName} is ACTIVE: ${found}.` : `Stream ${streamName} already exists: ${found}.`);
  if (!isNew && shards !== undefined && shards !== stream.openShards) {
    out(`It keeps them: this command does not change a stream, \`aws kinesis update-shard-count\` does.`);
  }
  return 0;
}

/** `sluice stream delete`: 0 when the stream is gone, 2 without --yes, 1 when it is not gone within 10 minutes. */
export async function deleteStream(options: DeleteStreamOptions): Promise<number> {
  const { streamName, api, out, yes } = options;
  if (!yes) {
    out(`This deletes stream ${streamName} with every record in it, for all gateways and applications.`);
    out('Nothing has been done. --yes does it.');
    return 2;
  }
  try {
    await api.deleteStream();
    out(`Deleting stream ${streamName} …`);
  } catch (thrown) {
    if (!hasCode(thrown, 'KINESIS_STREAM_MISSING')) await toleratedBusy(thrown);
  }
  for (let poll = 0; poll < POLLS; poll += 1) {
    if ((await lookAt(api)) === 'missing') {
      out(`Stream ${streamName} does not exist${poll === 0 ? '' : ' any more'}.`);
      return 0;
    }
    await (options.pause ?? sleep)(POLL_MS);
  }
  return gaveUp(options, 'is still not gone');
}

/** `sluice stream describe`: the stream and its shards, as tables or as one JSON object. Throws KINESIS_STREAM_MISSING. */
export async function describeStream(options: DescribeStreamOptions): Promise<number> {
  const { streamName, api, out, json, reading } = options;
  const stream = await api.describeStream().catch((thrown: unknown) => {
    if (!hasCode(thrown, 'KINESIS_STREAM_MISSING')) throw thrown;
    const text = `stream ${streamName} does not exist here; \`sluice stream create\` makes it (${(thrown as Error).message})`;
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
        : `(The places of application ${reading.application} cannot be read: ${reading.problem})`,
    );
  return 0;
}

type ShardState = 'open' | 'closed' | 'gone';

/** One shard as `describe --json` has it. */
interface ShardRow extends ShardReading {
  readonly state: ShardState;
  readonly parents: readonly string[];
  /** Of all hash keys, 0 to 100. */
  readonly percent?: number;
}

/** As listed; then what the application still knows of and the stream no longer has. */
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
      parents: [shard.parentShardId, shard.adjacentParentShardId].filter((id) => id !== undefined),
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

function shardTable(rows: readonly ShardRow[], withReading: boolean): string[] {
  const heads = ['SHARD', 'STATE', 'KEYS', 'PARENTS', ...(withReading ? ['OWNER', 'POSITION', 'LAG'] : [])];
  const cells = rows.map((row) => [
    row.shardId,
    row.state,
    row.percent === undefined ? '-' : `${row.percent.toFixed(2)} %`,
    row.parents.length === 0 ? '-' : row.parents.join(' '),
    ...(withReading ? [printable(row.owner ?? '-', 48), position(row.position), lag(row.millisBehind)] : []),
  ]);
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((line) => line[i]!.length)));
  return [heads, ...cells].map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}

const POSITION_CHARACTERS = 24;

/** Sequence numbers of one shard differ at their ends; JSON has them whole. */
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

function shardCount(shards: number): string {
  return shards === 1 ? '1 shard' : `${shards} shards`;
}

/** Absent: not within 10 minutes. A line for each new status, so that the wait is seen. */
async function untilStatus(
  { streamName, api, out, pause = sleep }: StreamCommand,
  isReached: (status: StreamSummary['status']) => boolean,
): Promise<StreamSummary | undefined> {
  let last: StreamSummary['status'] | undefined;
  for (let poll = 0; poll < POLLS; poll += 1) {
    const stream = await lookAt(api);
    // Missing right after CreateStream: not every part of Kinesis knows it yet.
    if (typeof stream === 'object') {
      if (isReached(stream.status)) return stream;
      if (stream.status === 'DELETING') {
        throw new SluiceError(
          'KINESIS_STREAM_BUSY',
          `stream ${streamName} is being deleted; try again when it is gone`,
        );
      }
      if (stream.status !== last) out(`Stream ${streamName} is ${stream.status}, waiting …`);
      last = stream.status;
    }
    await pause(POLL_MS);
  }
  return undefined;
}

/** A failure that passes is as good as no look. */
async function lookAt(api: KinesisApi): Promise<StreamSummary | 'missing' | undefined> {
  try {
    return await api.describeStream();
  } catch (thrown) {
    if (hasCode(thrown, 'KINESIS_STREAM_MISSING')) return 'missing';
    if (thrown instanceof SluiceError && thrown.retryable) return undefined;
    throw thrown;
  }
}

/** False: the stream was there before. Throws anything else. */
function toleratedBusy(thrown: unknown): false {
  if (hasCode(thrown, 'KINESIS_STREAM_BUSY')) return false;
  throw thrown;
}

function gaveUp({ streamName, out }: StreamCommand, what: string): 1 {
  out(`Stream ${streamName} ${what} after ${(POLLS * POLL_MS) / 60_000} minutes.`);
  return 1;
}

function hasCode(thrown: unknown, code: SluiceError['code']): boolean {
  return thrown instanceof SluiceError && thrown.code === code;
}
