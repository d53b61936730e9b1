import { createRequire } from 'node:module';
import { AggregateBuilder } from '../../src/stream/kinesis/aggregation/aggregate-builder.js';
import { HashKeyBuckets } from '../../src/stream/kinesis/aggregation/hash-key-buckets.js';
import { openAggregate } from '../../src/stream/kinesis/aggregation/open-aggregate.js';
import type { KinesisRecord } from '../../src/stream/kinesis/kinesis-api.js';
import { recordEncoder } from '../../src/stream/kinesis/records/cloud-event-encoder.js';
import { deviceKeyOf, partitionKeyOf } from '../../src/stream/kinesis/records/partition-key.js';
import { openUserRecords } from '../../src/stream/kinesis/records/user-records.js';
import type { StreamRecord } from '../../src/stream/stream.js';
import { cityRecords } from './readings.js';
import { type Comparison, compare, type RoundSizes } from './rounds.js';

const RECORDS = 6_000;
/** Of about 380 bytes encoded: just under the 25 kB that Kinesis bills as one unit. */
const RECORDS_PER_AGGREGATE = 60;
const GATEWAY = 'bench';

interface Inner {
  readonly partitionKey: string;
  readonly data: Buffer;
}

interface AwsKinesisAgg {
  readonly RecordAggregator: new () => {
    addUserRecord(record: Inner & { explicitHashKey: string }): void;
    build(): { data: Buffer };
  };
  deaggregateSync(
    record: { data: Buffer; sequenceNumber: string },
    computeChecksums: boolean,
    done: (failure: Error | undefined, records: readonly { data: string }[]) => void,
  ): void;
}

const encode = recordEncoder('cloudevents', GATEWAY);
const explicitHashKey = new HashKeyBuckets(64).explicitHashKey(7);

/**
 * Records to Kinesis records and back, beside aws-kinesis-agg on the same records: with the same bytes inside, and
 * with JSON.stringify and JSON.parse for the CloudEvent. Both check the digest. None when the package is not there.
 */
export async function compareKinesisCodec(sizes: RoundSizes): Promise<Comparison[]> {
  const aws = awsKinesisAgg();
  if (aws === undefined) return [];
  const groups = grouped(cityRecords(RECORDS));
  const encoded = groups.map((group) => group.map(ourInner));
  const aggregates = encoded.map(ourAggregate);
  const theirAggregates = encoded.map((inner) => theirAggregate(aws, inner));
  if (!aggregates.every((bytes, n) => bytes.equals(theirAggregates[n]!)))
    throw new Error('two different aggregates');
  const kinesisRecords = aggregates.map(kinesisRecord);
  const alternative = 'aws-kinesis-agg';
  return [
    await compare(
      { name: 'kinesis: aggregate', alternative },
      () => checked(encoded.map(ourAggregate)),
      () => checked(encoded.map((inner) => theirAggregate(aws, inner))),
      sizes,
    ),
    await compare(
      { name: 'kinesis: de-aggregate', alternative },
      () => sum(aggregates, ourInnerCount),
      () => sum(aggregates, (data) => theirInner(aws, data).length),
      sizes,
    ),
    await compare(
      { name: 'kinesis: encode + aggregate', alternative: `JSON.stringify + ${alternative}` },
      () => checked(groups.map((group) => ourAggregate(group.map(ourInner)))),
      () => checked(groups.map((group) => theirAggregate(aws, group.map(theirEncoded)))),
      sizes,
    ),
    await compare(
      { name: 'kinesis: de-aggregate + decode', alternative: `${alternative} + JSON.parse` },
      () => sum(kinesisRecords, ourRecordCount),
      () => sum(aggregates, (data) => theirInner(aws, data).filter(isPublish).length),
      sizes,
    ),
  ];
}

function awsKinesisAgg(): AwsKinesisAgg | undefined {
  const require = createRequire(import.meta.url);
  try {
    const { RecordAggregator } = require('aws-kinesis-agg/lib/kpl-agg.js') as AwsKinesisAgg;
    const { deaggregateSync } = require('aws-kinesis-agg/lib/kpl-deagg.js') as AwsKinesisAgg;
    return { RecordAggregator, deaggregateSync };
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'MODULE_NOT_FOUND') return undefined;
    throw thrown;
  }
}

function grouped(records: readonly StreamRecord[]): StreamRecord[][] {
  return Array.from({ length: records.length / RECORDS_PER_AGGREGATE }, (_, n) =>
    records.slice(n * RECORDS_PER_AGGREGATE, (n + 1) * RECORDS_PER_AGGREGATE),
  );
}

function partitionKey(record: StreamRecord): string {
  return partitionKeyOf(deviceKeyOf(record, 'device'));
}

function ourInner(record: StreamRecord): Inner {
  return { partitionKey: partitionKey(record), data: encode(record) as Buffer };
}

function ourAggregate(inner: readonly Inner[]): Buffer {
  const builder = new AggregateBuilder(explicitHashKey, Number.MAX_SAFE_INTEGER);
  for (const { partitionKey, data } of inner) builder.add(partitionKey, data);
  return builder.build();
}

function ourInnerCount(bytes: Buffer): number {
  const opened = openAggregate(bytes);
  if (opened.kind !== 'aggregate') throw new Error(`an aggregate is ${opened.kind}`);
  const cursor = opened.aggregate.cursor(0);
  let count = 0;
  while (cursor.next() !== undefined) count += 1;
  return count;
}

function ourRecordCount(record: KinesisRecord): number {
  const cursor = openUserRecords(record, 'telemetry').cursor(0);
  let count = 0;
  for (let next = cursor.next(); next !== undefined; next = cursor.next()) if (next.qos === 1) count += 1;
  return count;
}

function kinesisRecord(data: Buffer): KinesisRecord {
  return { data, partitionKey: 'outer', sequenceNumber: '1', arrivedAtMs: 0 };
}

function theirAggregate(aws: AwsKinesisAgg, inner: readonly Inner[]): Buffer {
  const aggregator = new aws.RecordAggregator();
  for (const { partitionKey, data } of inner)
    aggregator.addUserRecord({ partitionKey, explicitHashKey, data });
  return aggregator.build().data;
}

function theirInner(aws: AwsKinesisAgg, data: Buffer): readonly { data: string }[] {
  let inner: readonly { data: string }[] = [];
  aws.deaggregateSync({ data, sequenceNumber: '1' }, true, (failure, records) => {
    if (failure) throw failure;
    inner = records;
  });
  return inner;
}

/** The same event without a check of the payload, and the time to the ms only. */
function theirEncoded(record: StreamRecord): Inner {
  const event = {
    specversion: '1.0',
    id: String(record.receivedAtNs),
    source: `urn:sluice:${GATEWAY}`,
    type: 'io.sluice.mqtt.publish.v1',
    subject: record.topic,
    time: new Date(Number(record.receivedAtNs / 1_000_000n)).toISOString(),
    clientid: record.clientId,
    qos: record.qos,
    data: JSON.parse(record.payload.toString()) as unknown,
  };
  return { partitionKey: partitionKey(record), data: Buffer.from(JSON.stringify(event)) };
}

function isPublish({ data }: { readonly data: string }): boolean {
  const event = JSON.parse(Buffer.from(data, 'base64').toString()) as { qos: number };
  return event.qos === 1;
}

function checked(aggregates: readonly Buffer[]): number {
  if (aggregates.some(({ length }) => length > 25_000)) throw new Error('an aggregate is over one PUT unit');
  return RECORDS;
}

function sum<Element>(elements: readonly Element[], count: (element: Element) => number): number {
  let total = 0;
  for (const element of elements) total += count(element);
  if (total !== RECORDS) throw new Error(`${total} of ${RECORDS} records came back`);
  return total;
}
