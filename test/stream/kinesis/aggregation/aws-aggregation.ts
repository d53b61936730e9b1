import { createRequire } from 'node:module';

/** What `aws-kinesis-agg` offers, as far as the tests use it; its own types need packages that are not there. */
interface Aggregator {
  addUserRecord(record: { partitionKey: string; explicitHashKey?: string; data: Buffer }): void;
  build(): { partitionKey: string; data: Buffer; ExplicitHashKey?: string };
}

interface UserRecord {
  readonly partitionKey: string;
  readonly explicitPartitionKey?: string;
  readonly subSequenceNumber: number;
  readonly data: string;
}

const require = createRequire(import.meta.url);
const { RecordAggregator } = require('aws-kinesis-agg/lib/kpl-agg.js') as {
  RecordAggregator: new () => Aggregator;
};
const { deaggregateSync } = require('aws-kinesis-agg/lib/kpl-deagg.js') as {
  deaggregateSync(
    record: { data: string; partitionKey: string; sequenceNumber: string },
    computeChecksums: boolean,
    done: (failure: Error | undefined, records: UserRecord[]) => void,
  ): void;
};

export interface Inner {
  readonly partitionKey: string;
  readonly explicitHashKey?: string | undefined;
  readonly data: Buffer;
}

export function awsAggregate(records: readonly Inner[]): { partitionKey: string; data: Buffer } {
  const aggregator = new RecordAggregator();
  for (const { partitionKey, explicitHashKey, data } of records) {
    aggregator.addUserRecord({
      partitionKey,
      data,
      explicitHashKey,
    });
  }
  return aggregator.build();
}

export function awsDeAggregate(data: Buffer): Inner[] {
  let found: UserRecord[] = [];
  const record = { data: data.toString('base64'), partitionKey: 'outer', sequenceNumber: '1' };
  deaggregateSync(record, true, (failure, records) => {
    if (failure) throw failure;
    found = records;
  });
  return found.map(({ partitionKey, explicitPartitionKey, data: inner }) => ({
    partitionKey,
    explicitHashKey: explicitPartitionKey,
    data: Buffer.from(inner, 'base64'),
  }));
}
