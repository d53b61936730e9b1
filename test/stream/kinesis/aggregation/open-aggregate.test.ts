import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AggregateBuilder } from '../../../../src/stream/kinesis/aggregation/aggregate-builder.js';
import { openAggregate } from '../../../../src/stream/kinesis/aggregation/open-aggregate.js';
import { delimited, field, inner, opened, sealed, varint } from './hand-made.js';

const SEED = 20_261_103;
const MIB = 2 ** 20;
const EXPLICIT_HASH_KEY = '170141183460469231731687303715884105728';

/** Made once by aws-kinesis-agg 4.2.8, without explicit hash keys. */
const GOLDEN =
  'f3899ac20a0467772d310a0467772d321a0708001a037878781a0708011a037878781a0708001a03787878f1c9c21203f49aec63642230f08e6a43';

const keyTable = delimited(1, 'k');
const one = (subSequenceNumber = 0) => ({ partitionKey: 'k', data: Buffer.from('v'), subSequenceNumber });

function aggregateOf(...records: [string, string][]): Buffer {
  const builder = new AggregateBuilder(EXPLICIT_HASH_KEY, 1e9);
  for (const [key, data] of records) builder.add(key, Buffer.from(data));
  return builder.build();
}

const SAMPLES = [
  Buffer.from(GOLDEN, 'hex'),
  aggregateOf(),
  aggregateOf(['a', '']),
  aggregateOf(['a', '{"t":1}'], ['ü', '{"t":2}'], ['20', ''], ['3', 'x'], ['a', '{"t":3}']),
  aggregateOf(['long', 'x'.repeat(300)], ['longer', 'y'.repeat(130)]),
  sealed(delimited(3, inner(0, 'v', delimited(4, 'tag'))), field(9, 5, Buffer.alloc(4)), keyTable),
];

describe('openAggregate', () => {
  it('reads what aws-kinesis-agg wrote', () => {
    expect(opened(SAMPLES[0]!)).toEqual([
      { partitionKey: 'gw-1', data: Buffer.from('xxx'), subSequenceNumber: 0 },
      { partitionKey: 'gw-2', data: Buffer.from('xxx'), subSequenceNumber: 1 },
      { partitionKey: 'gw-1', data: Buffer.from('xxx'), subSequenceNumber: 2 },
    ]);
  });

  it('gives payloads as views, and starts after any sub-sequence number', () => {
    const bytes = aggregateOf(['a', 'one'], ['b', 'two'], ['a', 'three']);
    const found = openAggregate(new Uint8Array(bytes));
    if (found.kind !== 'aggregate') throw new Error(found.kind);
    expect(found.aggregate.count).toBe(3);
    const second = found.aggregate.cursor(1).next()!;
    expect(second).toMatchObject({ partitionKey: 'b', subSequenceNumber: 1 });
    expect(second.data.buffer).not.toBe(bytes.buffer);
    const view = openAggregate(bytes);
    if (view.kind !== 'aggregate') throw new Error(view.kind);
    expect(view.aggregate.cursor(2).next()!.data.buffer).toBe(bytes.buffer);
    for (const [skip, left] of [
      [0, 3],
      [2, 1],
      [3, 0],
      [1e9, 0],
    ] as const) {
      expect(opened(bytes, skip)).toHaveLength(left);
    }
  });

  it('takes an aggregate without records', () => {
    const found = openAggregate(aggregateOf());
    expect(found).toMatchObject({ kind: 'aggregate', aggregate: { count: 0 } });
    expect(opened(aggregateOf())).toEqual([]);
  });

  const sound: [string, Buffer, unknown][] = [
    ['records before their tables', sealed(delimited(3, inner(0, 'v')), keyTable), [one()]],
    [
      'fields of a record in any order',
      sealed(keyTable, delimited(3, Buffer.concat([delimited(3, 'v'), field(1, 0, varint(0))]))),
      [one()],
    ],
    [
      'tags, which mean nothing',
      sealed(keyTable, delimited(3, inner(0, 'v', delimited(4, delimited(1, 'tag'))))),
      [one()],
    ],
    [
      'unknown fields of every wire type, outside and inside',
      sealed(
        field(15, 0, varint(2n ** 64n - 1n)),
        field(16, 1, Buffer.alloc(8)),
        keyTable,
        delimited(
          3,
          inner(0, 'v', field(536_870_911, 5, Buffer.alloc(4)), field(1, 2, varint(1), Buffer.alloc(1))),
        ),
        delimited(17, 'unknown'),
      ),
      [one()],
    ],
    [
      'a varint longer than it need be',
      sealed(keyTable, delimited(3, Buffer.concat([Buffer.from('08808000', 'hex'), delimited(3, 'v')]))),
      [one()],
    ],
    [
      'the last of a field that comes twice',
      sealed(keyTable, delimited(3, Buffer.concat([inner(7, 'w'), inner(0, 'v')]))),
      [one()],
    ],
    ['an empty key', sealed(delimited(1, ''), delimited(3, inner(0, 'v'))), [{ ...one(), partitionKey: '' }]],
    [
      'a key that is no UTF-8',
      sealed(delimited(1, Buffer.from([0xff])), delimited(3, inner(0, 'v'))),
      [{ ...one(), partitionKey: '\ufffd' }],
    ],
  ];
  it.each(sound)('takes %s', (_what, bytes, records) => {
    expect(opened(bytes)).toEqual(records);
  });

  const damaged: [string, Buffer][] = [
    ['only the magic', Buffer.from('f3899ac2', 'hex')],
    ['nothing between magic and digest', sealed()],
    ['a wrong digest', Buffer.concat([aggregateOf(['a', 'b']).subarray(0, -1), Buffer.from([0])])],
    [
      'a payload that only begins like an aggregate',
      Buffer.concat([Buffer.from('f3899ac2', 'hex'), Buffer.alloc(100, 'x')]),
    ],
    ['no partition key index', sealed(keyTable, delimited(3, delimited(3, 'v')))],
    ['no payload', sealed(keyTable, delimited(3, field(1, 0, varint(0))))],
    ['an empty record', sealed(keyTable, delimited(3, ''))],
    ['a partition key index out of the table', sealed(keyTable, delimited(3, inner(1, 'v')))],
    ['a partition key index without a table', sealed(delimited(3, inner(0, 'v')))],
    [
      'an explicit hash key index out of the table',
      sealed(keyTable, delimited(3, inner(0, 'v', field(2, 0, varint(0))))),
    ],
    ['an index of 2^32', sealed(keyTable, delimited(3, inner(2n ** 32n, 'v')))],
    ['an index over 2^53', sealed(keyTable, delimited(3, inner(2n ** 60n, 'v')))],
    [
      'a varint of 11 bytes',
      sealed(
        keyTable,
        delimited(
          3,
          Buffer.concat([Buffer.from('0880808080808080808080', 'hex'), Buffer.from([0]), delimited(3, 'v')]),
        ),
      ),
    ],
    ['an unknown varint of 11 bytes', sealed(keyTable, Buffer.from('788080808080808080808000', 'hex'))],
    ['a length of 2^32', sealed(keyTable, field(3, 2, varint(2n ** 32n), Buffer.from('x')))],
    ['a length of 2^63', sealed(keyTable, field(3, 2, varint(2n ** 63n), Buffer.from('x')))],
    [
      // It would end where the next field ends, and the rest would be sound again.
      'a payload longer than its record',
      sealed(
        keyTable,
        delimited(
          3,
          Buffer.concat([field(1, 0, varint(0)), field(3, 2, varint(1 + keyTable.length), Buffer.from('v'))]),
        ),
        keyTable,
      ),
    ],
    ['a key longer than the rest', sealed(field(1, 2, varint(9), Buffer.from('k')))],
    ['a 64-bit field cut short', sealed(keyTable, field(9, 1, Buffer.alloc(7)))],
    ['a 32-bit field cut short', sealed(keyTable, field(9, 5, Buffer.alloc(3)))],
    ['a group', sealed(keyTable, field(9, 3), field(9, 4))],
    ['wire type 7', sealed(keyTable, field(9, 7))],
    ['field number 0', sealed(keyTable, field(0, 2, varint(0)))],
    ['a field number over 2^29', sealed(keyTable, varint(2n ** 32n), Buffer.from([0]))],
    ['a tag and nothing else', sealed(keyTable, Buffer.from([0x1a]))],
  ];
  it.each(damaged)('calls %s damaged', (_what, bytes) => {
    expect(opened(bytes)).toBe('damaged');
  });

  it.each(['', 'x', '{"temperature":21.5}', '\xf3\x89\x9a'])('calls %j plain', (text) => {
    expect(opened(Buffer.from(text, 'latin1'))).toBe('plain');
  });

  it('finds every truncation', () => {
    for (const sample of SAMPLES) {
      for (let length = 0; length < sample.length; length += 1) {
        expect(opened(sample.subarray(0, length))).toBe(length < 4 ? 'plain' : 'damaged');
        // With a digest that fits, what is left may be sound; it must not be read beyond.
        if (length >= 4) notBeyond(sealed(sample.subarray(4, length)));
      }
    }
  });

  it('finds every flipped bit, and survives it under a digest that fits', () => {
    for (const sample of SAMPLES) {
      for (let at = 0; at < sample.length; at += 1) {
        for (let bit = 1; bit < 256; bit *= 2) {
          const flipped = Buffer.from(sample);
          flipped[at]! ^= bit;
          expect(opened(flipped)).toBe(at < 4 ? 'plain' : 'damaged');
          if (at >= 4 && at < sample.length - 16) notBeyond(sealed(flipped.subarray(4, -16)));
        }
      }
    }
  });

  it(`survives anything under a digest that fits (seed ${SEED})`, () => {
    const fragment = fc.oneof(
      fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(
        keyTable,
        delimited(3, inner(0, 'v')),
        delimited(2, '7'),
        Buffer.from([0x1a]),
        varint(2n ** 40n),
      ),
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), (fragments) => notBeyond(sealed(...fragments))),
      { seed: SEED, numRuns: 5_000 },
    );
  });

  it('bounds what hostile aggregates of 1 and 10 MiB cost', () => {
    const smallest = delimited(3, inner(0, ''));
    const repeated = (fragment: Buffer, bytes: number) =>
      Buffer.alloc(bytes - (bytes % fragment.length), fragment);
    for (const size of [MIB, 10 * MIB]) {
      const hostile: [Buffer, number | 'damaged'][] = [
        [sealed(keyTable, repeated(smallest, size)), Math.floor(size / smallest.length)],
        [sealed(keyTable, repeated(delimited(3, ''), size)), 'damaged'],
        [sealed(keyTable, repeated(delimited(1, ''), size)), 0],
        [sealed(keyTable, repeated(field(9, 3), size)), 'damaged'],
        // A huge key that every record names: it must not be decoded for each.
        [
          sealed(delimited(1, Buffer.alloc(size / 2, 'k')), repeated(smallest, size / 2)),
          Math.floor(size / 2 / smallest.length),
        ],
        [
          sealed(keyTable, repeated(Buffer.concat([delimited(1, 'x'), smallest]), size)),
          Math.floor(size / (smallest.length + 3)),
        ],
      ];
      for (const [bytes, expected] of hostile) {
        const before = process.memoryUsage();
        const startedMs = performance.now();
        const found = openAggregate(bytes);
        let records = 0;
        if (found.kind === 'aggregate') {
          const cursor = found.aggregate.cursor(0);
          while (cursor.next() !== undefined) records += 1;
          expect(found.aggregate.count).toBe(records);
        }
        expect(found.kind === 'aggregate' ? records : found.kind).toBe(expected);
        expect(performance.now() - startedMs).toBeLessThan(5_000);
        // Garbage counts, too: this bounds the short-lived objects as well.
        expect(process.memoryUsage().rss - before.rss).toBeLessThan(150 * MIB);
      }
    }
  });
});

/** Opened and read to its end it throws nothing, ends, and gives no byte that is not the aggregate's. */
function notBeyond(bytes: Buffer): void {
  // Alone in its memory: a view beyond its end would be a RangeError or a shorter one.
  const alone = new Uint8Array(bytes);
  const found = openAggregate(alone);
  if (found.kind !== 'aggregate') return;
  const cursor = found.aggregate.cursor(0);
  let records = 0;
  for (let next = cursor.next(); next !== undefined; next = cursor.next()) {
    expect(next.subSequenceNumber).toBe(records);
    expect(next.data.byteOffset + next.data.length).toBeLessThanOrEqual(alone.length - 16);
    expect(next.data.byteOffset).toBeGreaterThanOrEqual(4);
    expect(typeof next.partitionKey).toBe('string');
    records += 1;
  }
  expect(records).toBe(found.aggregate.count);
}
