import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../config/load-config.js';
import type { KinesisConfig } from '../config/sluice-config.js';
import { SluiceError } from '../lib/errors.js';
import { connectKinesis } from '../stream/kinesis/aws/connect-kinesis.js';
import type { KinesisApi, StreamAdminApi, StreamSummary } from '../stream/kinesis/kinesis-api.js';

/** StreamCommand is what the commands on a stream need; tests pass a Kinesis and a clock of their own. */
export interface StreamCommand {
  readonly streamName: string;
  readonly api: KinesisApi & StreamAdminApi;
  /** Prints one line, given without its end. */
  readonly out: (line: string) => void;
  /** Waits before the status of the stream is asked again. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

export interface CreateStreamOptions extends StreamCommand {
  /** When absent, the stream is on demand. */
  readonly shards?: number;
}

export interface DeleteStreamOptions extends StreamCommand {
  readonly yes: boolean;
}

const POLL_MS = 1_000;
/** Creating a stream takes seconds; with very many shards, a few minutes. */
const POLLS = 600;
/** Runs a command on the stream of the configuration. Throws USAGE_INVALID when it has none. */
export async function onConfiguredStream(
  configFile: string | undefined,
  run: (command: StreamCommand, kinesis: KinesisConfig, directory: string) => Promise<number>,
): Promise<number> {
  const { stream, dataDirectory } = await loadConfig(configFile, { secrets: 'optional' });
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

/** Runs `sluice stream create`: 0 when the stream is ACTIVE, created by this call or before; 1 when it is not within 10 minutes. */
export async function createStream(options: CreateStreamOptions): Promise<number> {
  const { streamName, api, out, shards } = options;
  const isNew = await api.createStream(shards).then(() => true, toleratedBusy);
  if (isNew)
    out(
      `Creating stream ${streamName} ${shards === undefined ? 'on demand' : `with ${shardCount(shards)}`} …`,
    );
  const stream = await waitForStatus(
    options,
    (status) => status === 'ACTIVE' || (!isNew && status === 'UPDATING'),
  );
  if (stream === undefined) return gaveUp(options, 'is still not ACTIVE');
  const found = `${stream.mode === 'ON_DEMAND' ? 'on demand, ' : ''}${shardCount(stream.openShards)}`;
  out(isNew ? `Stream ${streamName} is ACTIVE: ${found}.` : `Stream ${streamName} already exists: ${found}.`);
  if (!isNew && shards !== undefined && shards !== stream.openShards) {
    out(
      `The number of shards stays: this command does not change a stream, \`aws kinesis update-shard-count\` does.`,
    );
  }
  return 0;
}

/** Runs `sluice stream delete`: 0 when the stream is gone, 2 without --yes, 1 when it is not gone within 10 minutes. */
export async function deleteStream(options: DeleteStreamOptions): Promise<number> {
  const { streamName, api, out, yes } = options;
  if (!yes) {
    out(`This deletes stream ${streamName} with every record in it, for all gateways and applications.`);
    out('Nothing has been done. Add --yes to delete it.');
    return 2;
  }
  let wasThere = true;
  try {
    await api.deleteStream();
    out(`Deleting stream ${streamName} …`);
  } catch (thrown) {
    wasThere = !hasCode(thrown, 'KINESIS_STREAM_MISSING');
    if (wasThere) await toleratedBusy(thrown);
  }
  for (let poll = 0; poll < POLLS; poll += 1) {
    if ((await statusOf(api)) === 'missing') {
      out(`Stream ${streamName} does not exist${wasThere ? ' any more' : ''}.`);
      return 0;
    }
    await (options.pause ?? sleep)(POLL_MS);
  }
  return gaveUp(options, 'is still not gone');
}

export function shardCount(shards: number): string {
  return shards === 1 ? '1 shard' : `${shards} shards`;
}

/** Resolves with undefined when the status is not reached within 10 minutes. Prints a line for each new status, so that the user sees the wait. */
async function waitForStatus(
  { streamName, api, out, pause = sleep }: StreamCommand,
  isReached: (status: StreamSummary['status']) => boolean,
): Promise<StreamSummary | undefined> {
  let last: StreamSummary['status'] | undefined;
  for (let poll = 0; poll < POLLS; poll += 1) {
    const stream = await statusOf(api);
    // Right after CreateStream the stream may be missing: not every part of Kinesis knows it yet.
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

/** Resolves with undefined after a transient failure: the status is asked again. */
async function statusOf(api: KinesisApi): Promise<StreamSummary | 'missing' | undefined> {
  try {
    return await api.describeStream();
  } catch (thrown) {
    if (hasCode(thrown, 'KINESIS_STREAM_MISSING')) return 'missing';
    if (thrown instanceof SluiceError && thrown.retryable) return undefined;
    throw thrown;
  }
}

/** Returns false when the stream was there before. Throws anything else. */
function toleratedBusy(thrown: unknown): false {
  if (hasCode(thrown, 'KINESIS_STREAM_BUSY')) return false;
  throw thrown;
}

function gaveUp({ streamName, out }: StreamCommand, what: string): 1 {
  out(`Stream ${streamName} ${what} after ${(POLLS * POLL_MS) / 60_000} minutes.`);
  return 1;
}

export function hasCode(thrown: unknown, code: SluiceError['code']): boolean {
  return thrown instanceof SluiceError && thrown.code === code;
}
