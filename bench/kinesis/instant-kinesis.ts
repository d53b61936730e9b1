import type {
  KinesisApi,
  KinesisRecord,
  PutEntry,
  PutResult,
  RecordsPage,
  ShardDescription,
  StreamSummary,
} from '../../src/stream/kinesis/kinesis-api.js';

const PUT_UNIT_BYTES = 25_000;
const SHARD_ID = 'shardId-000000000000';
const PAGE_RECORDS = 400;

/** A stream of one shard that answers at once: what is measured beside it is our own work and nothing else. */
export class InstantKinesis implements KinesisApi {
  readonly records: KinesisRecord[] = [];
  /** False: counted and forgotten. */
  readonly #keeps: boolean;
  kinesisRecords = 0;
  putUnits = 0;
  bytes = 0;
  requests = 0;

  constructor({ keeps }: { readonly keeps: boolean }) {
    this.#keeps = keeps;
  }

  async putRecords(entries: readonly PutEntry[]): Promise<readonly PutResult[]> {
    this.requests += 1;
    return entries.map(({ data, partitionKey }) => {
      const sizeBytes = data.length + Buffer.byteLength(partitionKey);
      this.kinesisRecords += 1;
      this.bytes += sizeBytes;
      this.putUnits += Math.ceil(sizeBytes / PUT_UNIT_BYTES);
      const sequenceNumber = String(this.kinesisRecords);
      // Copied: the producer may use its buffers again once it has an answer.
      if (this.#keeps) {
        this.records.push({
          sequenceNumber,
          partitionKey,
          data: Buffer.from(data),
          arrivedAtMs: 1_790_000_000_000,
        });
      }
      return { ok: true, sequenceNumber, shardId: SHARD_ID };
    });
  }

  async listShards(): Promise<readonly ShardDescription[]> {
    return [
      {
        shardId: SHARD_ID,
        startingHashKey: '0',
        endingHashKey: (2n ** 128n - 1n).toString(),
        startingSequenceNumber: '0',
      },
    ];
  }

  async shardIterator(): Promise<string> {
    return '0';
  }

  async getRecords(iterator: string, limit: number): Promise<RecordsPage> {
    const from = Number(iterator);
    const to = Math.min(this.records.length, from + Math.min(limit, PAGE_RECORDS));
    return {
      records: this.records.slice(from, to),
      nextIterator: String(to),
      // Behind until the last page, so that no reader thinks it may rest.
      millisBehindLatest: to < this.records.length ? 60_000 : 0,
      childShards: [],
    };
  }

  async describeStream(): Promise<StreamSummary> {
    return {
      arn: 'arn:aws:kinesis:local:0:stream/bench',
      status: 'ACTIVE',
      mode: 'PROVISIONED',
      recordDistribution: 'BY_KEY',
      openShards: 1,
      retentionHours: 24,
      maxRecordBytes: 2 ** 20,
    };
  }

  close(): void {}
}
