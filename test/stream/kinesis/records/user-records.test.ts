import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topicNameFault } from '../../../../src/lib/mqtt-names.js';
import { AggregateBuilder } from '../../../../src/stream/kinesis/aggregation/aggregate-builder.js';
import type { KinesisRecord } from '../../../../src/stream/kinesis/kinesis-api.js';
import { recordEncoder } from '../../../../src/stream/kinesis/records/cloud-event-encoder.js';
import { openUserRecords } from '../../../../src/stream/kinesis/records/user-records.js';
import type { StreamRecord } from '../../../../src/stream/stream.js';

const SEED = 20_261_108;
const ARRIVED_AT_MS = 1_793_881_700_000;

function kinesisRecord(data: Uint8Array | string, changes: Partial<KinesisRecord> = {}): KinesisRecord {
  return {
    sequenceNumber: '49590338271490256608559692538361571095921575989136588898',
    partitionKey: 'device-1',
    data: Buffer.from(data as string),
    arrivedAtMs: ARRIVED_AT_MS,
    ...changes,
  };
}

function aggregate(records: readonly [string, Uint8Array | string][]): Buffer {
  const builder = new AggregateBuilder('1', 1e9);
  for (const [key, data] of records) builder.add(key, Buffer.from(data as string));
  return builder.build();
}

function allOf(record: KinesisRecord, skip = 0, streamName = 'telemetry'): StreamRecord[] {
  const cursor = openUserRecords(record, streamName).cursor(skip);
  const all: StreamRecord[] = [];
  for (let next = cursor.next(); next !== undefined; next = cursor.next()) all.push(next);
  expect(cursor.next()).toBeUndefined();
  return all;
}

const stored = (n: number): StreamRecord => ({
  receivedAtNs: 1_793_881_696_123_456_789n + BigInt(n),
  topic: `sensors/oslo/s${n}/telemetry`,
  clientId: `client-${n}`,
  qos: (n % 3) as 0 | 1 | 2,
  payload: Buffer.from(n % 2 === 0 ? `{"n":${n}}` : `no JSON ${n}`),
});

describe('openUserRecords', () => {
  it.each([true, false])('gives back our records as they were stored, aggregated: %s', (isAggregated) => {
    const encode = recordEncoder('cloudevents', 'gw-1');
    const all = Array.from({ length: 50 }, (_, n) => stored(n));
    if (isAggregated) {
      const record = kinesisRecord(aggregate(all.map((one) => [one.clientId, encode(one)])));
      expect(openUserRecords(record, 'telemetry')).toMatchObject({ count: 50, isDamaged: false });
      expect(allOf(record)).toEqual(all);
      expect(allOf(record, 48)).toEqual(all.slice(48));
      expect(allOf(record, 50)).toEqual([]);
    } else {
      for (const one of all) {
        const record = kinesisRecord(encode(one));
        expect(openUserRecords(record, 'telemetry')).toMatchObject({ count: 1, isDamaged: false });
        expect(allOf(record)).toEqual([one]);
        expect(allOf(record, 1)).toEqual([]);
      }
    }
  });

  it('gives raw payloads a topic, a client id and a time', () => {
    const [one] = allOf(kinesisRecord('{"temperature":21.5}'));
    expect(one).toMatchObject({
      topic: 'kinesis/telemetry/device-1/data',
      clientId: 'device-1',
      qos: 1,
      payload: Buffer.from('{"temperature":21.5}'),
    });
    expect(one!.receivedAtNs / 1_000_000n).toBe(BigInt(ARRIVED_AT_MS));
  });

  it.each([
    ['', 'kinesis/s/-/data', ''],
    ['a/b', 'kinesis/s/a%2Fb/data', 'a/b'],
    ['+#\0%', 'kinesis/s/%2B%23%00%25/data', '+#\0%'],
    ['gerät 7', 'kinesis/s/gerät 7/data', 'gerät 7'],
    ['k'.repeat(300), `kinesis/s/${'k'.repeat(256)}/data`, 'k'.repeat(256)],
  ])('takes the partition key %j into the topic %s', (partitionKey, topic, clientId) => {
    expect(allOf(kinesisRecord('x', { partitionKey }), 0, 's')).toMatchObject([{ topic, clientId }]);
    expect(allOf(kinesisRecord(aggregate([[partitionKey, 'x']])), 0, 's')).toMatchObject([
      { topic, clientId },
    ]);
  });

  it('uses what a foreign event contains, and the partition key for what it does not', () => {
    const event = (more: string) => `{"specversion":"1.0","id":"1","source":"/line/3","type":"t"${more}}`;
    const [full, least] = allOf(
      kinesisRecord(
        aggregate([
          [
            'k',
            event(
              ',"subject":"plant/3/temp","time":"2026-11-05T12:00:00.5Z","qos":0,"clientid":"c","data":{"v":1}',
            ),
          ],
          ['k', event(',"subject":"plant/+"')],
        ]),
      ),
    );
    expect(full).toEqual({
      topic: 'plant/3/temp',
      clientId: 'c',
      qos: 0,
      receivedAtNs: 1_793_880_000_500_000_000n,
      payload: Buffer.from('{"v":1}'),
    });
    expect(least).toMatchObject({
      topic: 'kinesis/telemetry/k/data',
      clientId: '/line/3',
      qos: 1,
      payload: Buffer.alloc(0),
    });
    expect(least!.receivedAtNs / 1_000_000n).toBe(BigInt(ARRIVED_AT_MS));
  });

  it.each([
    ['1999-12-31T23:59:59Z', 'arrival'],
    ['1970-01-01T00:00:20Z', 'arrival'],
    ['2261-01-01T00:00:00Z', 'arrival'],
    ['2026-11-06T12:28:21Z', 'arrival'],
    ['2026-11-06T12:28:20Z', 'time'],
    ['2000-01-01T00:00:00Z', 'time'],
  ] as const)('a record that says it was received at %s has the %s', (time, taken) => {
    const event = `{"specversion":"1.0","id":"1","source":"/line/3","type":"t","subject":"a/b","time":"${time}","data":1}`;
    const counts = { namesReplaced: 0, timesReplaced: 0 };
    const one = openUserRecords(kinesisRecord(event), 'telemetry', counts).cursor(0).next()!;
    const expectedMs = taken === 'time' ? Date.parse(time) : ARRIVED_AT_MS;
    expect(one.receivedAtNs / 1_000_000n).toBe(BigInt(expectedMs));
    expect(counts).toEqual({ namesReplaced: 0, timesReplaced: taken === 'time' ? 0 : 1 });
  });

  it('counts names that the broker would refuse, and takes the partition key instead', () => {
    const counts = { namesReplaced: 0, timesReplaced: 0 };
    const taken = ['$SYS/x', 'a\\u0007', 'x'.repeat(65_000), 'a/b'].map((subject) => {
      const event = `{"specversion":"1.0","id":"1","source":"/line/3","type":"t","subject":"${subject}","data":1}`;
      return openUserRecords(kinesisRecord(event), 's', counts).cursor(0).next()!.topic;
    });
    const raw = 'kinesis/s/device-1/data';
    expect(taken).toEqual([raw, raw, raw, 'a/b']);
    expect(counts.namesReplaced).toBe(3);
  });

  it('takes a topic that the broker has not accepted from a record that says so, within a bound', () => {
    const topics = ['$dev/x', 'a\\u0007', `${'x/'.repeat(150)}x`, 'x'.repeat(1_025)].map((subject) => {
      const event = `{"specversion":"1.0","id":"1","source":"urn:sluice:g","type":"io.sluice.mqtt.publish.refused.v1","subject":"${subject}","mqttrefused":"topic-not-accepted","mqttbytes":3}`;
      const one = openUserRecords(kinesisRecord(event), 's').cursor(0).next()!;
      expect(one.refused).toMatchObject({ reason: 'topic-not-accepted', payloadBytes: 3 });
      return one.topic;
    });
    expect(topics).toEqual(['$dev/x', 'a\u0007', `${'x/'.repeat(150)}x`, 'kinesis/s/device-1/data']);
  });

  it('takes the user that an event names, if the broker would accept that name [access 11] [drill B12]', () => {
    const counts = { namesReplaced: 0, timesReplaced: 0 };
    const users = ['ops', '', 'x'.repeat(257), 'a\\u001b[2J', 'a\\nb', 'a\\ufffdb', '../../x'].map((user) => {
      const event = `{"specversion":"1.0","id":"1","source":"/line/3","type":"t","subject":"a/b","mqttuser":"${user}","data":1}`;
      return openUserRecords(kinesisRecord(event), 's', counts).cursor(0).next()!.user;
    });
    expect(users).toEqual(['ops', undefined, undefined, undefined, undefined, undefined, '../../x']);
    expect(counts.namesReplaced).toBe(4);
  });

  it('makes a topic that the broker would accept of any partition key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 256 }), (partitionKey) => {
        const [{ topic }] = allOf(kinesisRecord('x', { partitionKey })) as [StreamRecord];
        expect(topic.split('/')).toHaveLength(4);
        expect(topicNameFault(topic.slice(0, 500))).toBeUndefined();
      }),
      { seed: SEED },
    );
  });

  it('takes a damaged aggregate as one raw record, whole', () => {
    const bytes = aggregate([['k', 'x']]);
    bytes[10]! ^= 1;
    const record = kinesisRecord(bytes);
    expect(openUserRecords(record, 'telemetry')).toMatchObject({ count: 1, isDamaged: true });
    expect(allOf(record)).toMatchObject([{ topic: 'kinesis/telemetry/device-1/data', payload: bytes }]);
  });

  it('finds no record in an aggregate of none', () => {
    const record = kinesisRecord(aggregate([]));
    expect(openUserRecords(record, 'telemetry')).toMatchObject({ count: 0, isDamaged: false });
    expect(allOf(record)).toEqual([]);
  });

  it('takes views, and does not open an aggregate inside an aggregate', () => {
    const nested = aggregate([['inner', 'x']]);
    const data = new Uint8Array(aggregate([['outer', nested]]));
    const [one] = allOf({ ...kinesisRecord(''), data });
    expect(one!.payload).toEqual(nested);
    expect(one!.payload.buffer).toBe(data.buffer);
    expect(one!.topic).toBe('kinesis/telemetry/outer/data');
  });

  describe('the identity of a record without a time', () => {
    const timesOf = (record: KinesisRecord) => allOf(record).map(({ receivedAtNs }) => receivedAtNs);

    it('is the same at each replay, from wherever it starts', () => {
      const record = kinesisRecord(aggregate(Array.from({ length: 20 }, () => ['k', 'x'])));
      const first = timesOf(record);
      expect(first[0]).toBe(1_793_881_700_000_722_036n);
      expect(timesOf({ ...record, data: new Uint8Array(record.data) })).toEqual(first);
      expect(allOf(record, 7).map(({ receivedAtNs }) => receivedAtNs)).toEqual(first.slice(7));
    });

    it('differs within one aggregate, in order and within the ms', () => {
      const times = timesOf(kinesisRecord(aggregate(Array.from({ length: 100_000 }, () => ['k', '']))));
      for (let n = 1; n < times.length; n += 1) if (times[n]! <= times[n - 1]!) expect(n).toBe(0);
      expect(times.at(-1)! / 1_000_000n).toBe(BigInt(ARRIVED_AT_MS));
    });

    it(`differs for neighbours that arrive in one ms (seed ${SEED})`, () => {
      const steps = fc.constantFrom(1n, 16n, 66n, 2n ** 76n);
      fc.assert(
        fc.property(fc.bigInt(2n ** 180n, 2n ** 186n), steps, (from, step) => {
          const times = Array.from(
            { length: 500 },
            (_, n) => timesOf(kinesisRecord('x', { sequenceNumber: String(from + BigInt(n) * step) }))[0],
          );
          expect(new Set(times).size).toBe(500);
          for (const time of times) expect(time! / 1_000_000n).toBe(BigInt(ARRIVED_AT_MS));
        }),
        { seed: SEED, numRuns: 20 },
      );
    });
  });

  it(`never throws, and gives as many records as it counts (seed ${SEED})`, () => {
    const magic = Buffer.from('f3899ac2', 'hex');
    const bytes = fc.uint8Array({ maxLength: 200 });
    const data = fc.oneof(
      bytes,
      bytes.map((rest) => Buffer.concat([magic, rest])),
      fc.array(fc.tuple(fc.string({ unit: 'binary' }), bytes)).map((records) => aggregate(records)),
    );
    fc.assert(
      fc.property(data, fc.string({ unit: 'binary' }), fc.nat(3), (one, partitionKey, skip) => {
        const record = kinesisRecord(one, { partitionKey });
        const { count } = openUserRecords(record, 'telemetry');
        expect(allOf(record, skip)).toHaveLength(Math.max(0, count - skip));
      }),
      { seed: SEED, numRuns: 3_000 },
    );
  });
});

describe('recordEncoder', () => {
  it('raw: the payload itself', () => {
    const one = stored(1);
    expect(recordEncoder('raw', 'gw-1')(one)).toBe(one.payload);
  });
});
