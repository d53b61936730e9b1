import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  ExpiredNextTokenException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsOutput,
  PutRecordsCommand,
  type PutRecordsResultEntry,
} from '@aws-sdk/client-kinesis';
import { SluiceError } from '../../../lib/errors.js';
import { CredentialRenewal } from '../credential-renewal.js';
import type {
  IteratorStart,
  KinesisApi,
  PutEntry,
  PutResult,
  RecordsPage,
  ShardDescription,
  StreamAdminApi,
  StreamSummary,
} from '../kinesis-api.js';
import { type AwsKinesisOptions, kinesisClient } from './kinesis-client.js';
import type { KinesisCall } from './kinesis-failure.js';
import {
  checkPutLimits,
  childShardIds,
  dryRun,
  isRefused,
  kinesisRecord,
  putResult,
  shardDescription,
  startFields,
  streamSummary,
} from './kinesis-shapes.js';
import { OpenCalls } from './open-calls.js';

export type { AwsKinesisOptions } from './kinesis-client.js';

/** How often ListShards begins again at its first page when a page token has expired. */
const LISTINGS = 3;

/** AwsKinesis is one stream of Amazon Kinesis, or of a stand-in. Calls run in parallel, are tried once, and time out. */
export class AwsKinesis implements KinesisApi, StreamAdminApi {
  readonly #streamName: string;
  readonly #client: KinesisClient;
  readonly #calls: OpenCalls;

  constructor(options: AwsKinesisOptions) {
    this.#streamName = options.streamName;
    this.#client = kinesisClient(options);
    this.#calls = new OpenCalls(options.streamName, undefined, new CredentialRenewal(this.#client));
  }

  async putRecords(entries: readonly PutEntry[]): Promise<readonly PutResult[]> {
    checkPutLimits(entries, this.#streamName);
    const answer = await this.#calls.run('PutRecords', (abortSignal) =>
      this.#client.send(
        new PutRecordsCommand({
          StreamName: this.#streamName,
          Records: entries.map((entry) => ({
            Data: entry.data,
            PartitionKey: entry.partitionKey,
            ExplicitHashKey: entry.explicitHashKey,
          })),
        }),
        { abortSignal },
      ),
    );
    const results = answer.Records ?? [];
    if (results.length !== entries.length) {
      // It is unknown which result belongs to which entry; some entries may be stored.
      throw new SluiceError(
        'KINESIS_UNREACHABLE',
        `PutRecords on stream ${this.#streamName}: ${results.length} results for ${entries.length} entries`,
      );
    }
    const refused = results.find(isRefused);
    if (refused !== undefined) throw this.#refusedEntry(refused);
    return results.map(putResult);
  }

  async listShards(): Promise<readonly ShardDescription[]> {
    for (let listing = 1; ; listing += 1) {
      try {
        return await this.#listAllPages();
      } catch (thrown) {
        const expired = thrown instanceof SluiceError && thrown.cause instanceof ExpiredNextTokenException;
        if (!expired || listing === LISTINGS) throw thrown;
      }
    }
  }

  async shardIterator(shardId: string, start: IteratorStart): Promise<string> {
    const { type, sequenceNumber, timestamp } = startFields(start);
    const answer = await this.#calls.run('GetShardIterator', (abortSignal) =>
      this.#client.send(
        new GetShardIteratorCommand({
          StreamName: this.#streamName,
          ShardId: shardId,
          ShardIteratorType: type,
          StartingSequenceNumber: sequenceNumber,
          Timestamp: timestamp,
        }),
        { abortSignal },
      ),
    );
    if (answer.ShardIterator === undefined) throw this.#unreadable('GetShardIterator', 'no iterator');
    return answer.ShardIterator;
  }

  async getRecords(iterator: string, limit: number): Promise<RecordsPage> {
    const answer = await this.#calls.run('GetRecords', (abortSignal) =>
      this.#client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: limit }), { abortSignal }),
    );
    // An answer without a next iterator means the end of the shard. An answer without any content must not be mistaken for it.
    if (answer.Records === undefined) throw this.#unreadable('GetRecords', 'no records');
    return {
      records: answer.Records.map(kinesisRecord),
      nextIterator: answer.NextShardIterator,
      millisBehindLatest: answer.MillisBehindLatest ?? 0,
      childShards: childShardIds(answer.ChildShards),
    };
  }

  async describeStream(): Promise<StreamSummary> {
    const answer = await this.#calls.run('DescribeStreamSummary', (abortSignal) =>
      this.#client.send(new DescribeStreamSummaryCommand({ StreamName: this.#streamName }), { abortSignal }),
    );
    if (answer.StreamDescriptionSummary === undefined) {
      throw this.#unreadable('DescribeStreamSummary', 'no description');
    }
    return streamSummary(answer.StreamDescriptionSummary);
  }

  async createStream(shards: number | undefined): Promise<void> {
    await this.#calls.run('CreateStream', (abortSignal) =>
      this.#client.send(
        new CreateStreamCommand({
          StreamName: this.#streamName,
          ...(shards === undefined
            ? { StreamModeDetails: { StreamMode: 'ON_DEMAND' as const } }
            : { ShardCount: shards }),
        }),
        { abortSignal },
      ),
    );
  }

  async deleteStream(): Promise<void> {
    await this.#calls.run('DeleteStream', (abortSignal) =>
      this.#client.send(
        new DeleteStreamCommand({ StreamName: this.#streamName, EnforceConsumerDeletion: true }),
        { abortSignal },
      ),
    );
  }

  /**
   * Asks Kinesis whether the use is permitted, without doing it (DryRun). Rejects like a real call, for example with
   * KINESIS_DENIED or KINESIS_STREAM_MISSING. A stand-in is not asked for PutRecords and GetRecords.
   */
  async probe(use: 'write' | 'read'): Promise<void> {
    const StreamName = this.#streamName;
    if (use === 'write') {
      const Records = [{ Data: new Uint8Array(1), PartitionKey: 'probe' }];
      const command = new PutRecordsCommand({ StreamName, Records, DryRun: true });
      return this.#calls.run('PutRecords', (abortSignal) => dryRun(this.#client, command, abortSignal));
    }
    const [shard] = await this.listShards();
    if (shard === undefined) return;
    const ShardIterator = await this.shardIterator(shard.shardId, { type: 'TRIM_HORIZON' });
    const command = new GetRecordsCommand({ ShardIterator, Limit: 1, DryRun: true });
    return this.#calls.run('GetRecords', (abortSignal) => dryRun(this.#client, command, abortSignal));
  }

  /** Calls in flight reject with KINESIS_UNREACHABLE, as do later ones. */
  close(): void {
    this.#calls.close();
    this.#client.destroy();
  }

  async #listAllPages(): Promise<readonly ShardDescription[]> {
    const shards: ShardDescription[] = [];
    let nextToken: string | undefined;
    do {
      // Kinesis refuses a call with both fields.
      const from = nextToken === undefined ? { StreamName: this.#streamName } : { NextToken: nextToken };
      const answer: ListShardsOutput = await this.#calls.run('ListShards', (abortSignal) =>
        this.#client.send(new ListShardsCommand(from), { abortSignal }),
      );
      if (answer.Shards === undefined) throw this.#unreadable('ListShards', 'no shards');
      shards.push(...answer.Shards.map(shardDescription));
      nextToken = answer.NextToken;
    } while (nextToken !== undefined);
    return shards;
  }

  /**
   * Returns the error for an entry that is invalid although the call as a whole was accepted (kinesis-local 0.6.2 answers
   * like this for one that is too large). `PutResult` has no value for it, so the whole call fails. The caller halves
   * the request until it has found the entry; what was stored is then stored once more.
   */
  #refusedEntry({ ErrorCode, ErrorMessage }: PutRecordsResultEntry): SluiceError {
    const text = `PutRecords on stream ${this.#streamName}: ${ErrorMessage ?? 'an entry is refused'} (${ErrorCode})`;
    return new SluiceError('KINESIS_REQUEST_REFUSED', text);
  }

  #unreadable(call: KinesisCall, reason: string): SluiceError {
    return new SluiceError('KINESIS_UNREACHABLE', `${call} on stream ${this.#streamName}: ${reason}`);
  }
}
