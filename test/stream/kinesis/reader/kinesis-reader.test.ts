import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../../../src/lib/errors.js';
import { MAX_PAGE_BYTES } from '../../../../src/stream/kinesis/reader/fetch-room.js';
import { SingleWorkerAssigner } from '../../../../src/stream/kinesis/reader/single-worker-assigner.js';
import {
  AGGREGATE_MAGIC,
  aggregate,
  HIGH,
  LOW,
  MIB,
  payloads,
  plain,
  ReaderRig,
  range,
} from './reader-rig.js';

const SHARD_0 = 'shardId-000000000000';

const pairs = (texts: readonly string[]) => texts.map((text) => ['d', text] as const);

describe('reading', () => {
  it('delivers plain records and the user records of aggregates in order', async () => {
    const rig = new ReaderRig();
    rig.put(plain('d', '0'), aggregate('d', pairs(['1', '2'])), plain('d', '3'));
    const { reader } = await rig.open();
    const batch = await rig.next(reader);
    expect(payloads([batch])).toEqual(range(0, 4));
    expect(batch?.parts).toHaveLength(1);
    expect(SingleWorkerAssigner.recordsAt(batch!.position)).toBe(4);
    expect(reader.counters()).toMatchObject({
      recordsRead: 4,
      kinesisRecordsRead: 3,
      bufferedBytes: 0,
      polls: 1,
      emptyPolls: 0,
      shardsReading: 1,
      lastGoodPollAtMs: rig.wallMs,
    });
    await reader.close();
  });

  it('stops in the middle of an aggregate, and a reader that begins there skips what is done without counting it', async () => {
    const rig = new ReaderRig();
    rig.put(aggregate('d', pairs(range(0, 10))), plain('d', '10'));
    const first = await rig.open();
    const batch = (await rig.next(first.reader, { maxRecords: 4 }))!;
    expect(payloads([batch])).toEqual(range(0, 4));
    expect(SingleWorkerAssigner.recordsAt(batch.position)).toBe(4);
    expect(payloads(await rig.read(first.reader, 7, { maxRecords: 3 }))).toEqual(range(4, 11));
    await first.reader.close();

    const second = await rig.open(batch.position);
    const rest = await rig.read(second.reader, 7);
    expect(payloads(rest)).toEqual(range(4, 11));
    expect(SingleWorkerAssigner.recordsAt(rest.at(-1)!.position)).toBe(11);
    expect(second.reader.counters().recordsRead).toBe(7);
    await second.reader.close();
  });

  it('before a stop delivers what has been fetched and fetches nothing more, however much there is', async () => {
    const rig = new ReaderRig();
    rig.put(plain('d', '0'), plain('d', '1'));
    const { reader, api } = await rig.open();
    await rig.time.pass(100);
    reader.stopFetching();
    // The call that waits for room may still bring a page.
    rig.put(plain('d', '2'));
    await rig.time.pass(60_000);
    const batches = [await rig.next(reader, { whenEmpty: 'return' })];
    expect(payloads(batches)).toEqual(range(0, 3));
    const calls = api.calls.getRecords;
    rig.put(plain('d', '3'));
    await rig.time.pass(60_000);
    expect(await rig.next(reader, { whenEmpty: 'return' })).toBeUndefined();
    expect(api.calls.getRecords).toBe(calls);
    await reader.close();
  });

  it('keeps to maxBytes, but delivers a single record that is larger', async () => {
    const rig = new ReaderRig();
    rig.put(...range(0, 6).map((text) => plain('d', text.padEnd(1_000, 'x'))));
    const { reader } = await rig.open();
    const sizes = (await rig.read(reader, 6, { maxBytes: 2_000 })).map(
      (batch) => batch.parts[0]!.records.length,
    );
    expect(sizes).toEqual([2, 2, 2]);
    rig.put(plain('d', 'y'.repeat(5_000)));
    expect(payloads(await rig.read(reader, 1, { maxBytes: 10 }))[0]).toHaveLength(5_000);
    await reader.close();
  });

  it('takes the shards alternately, also when one holds an aggregate of many records', async () => {
    const rig = new ReaderRig({ shards: 2 });
    rig.put(
      aggregate(
        LOW,
        range(0, 1_000).map((text) => [LOW, text] as const),
      ),
    );
    rig.put(...range(0, 3).map((text) => plain(HIGH, text)));
    const { reader } = await rig.open();
    await rig.time.pass(100);
    const batches = [];
    for (let n = 0; n < 6; n += 1) batches.push((await rig.next(reader, { maxRecords: 1 }))!);
    const turns = batches.map((batch) => batch.parts[0]!.partition.at(-1));
    expect(turns).toEqual(turns[0] === '0' ? ['0', '1', '0', '1', '0', '1'] : ['1', '0', '1', '0', '1', '0']);
    await reader.close();
  });

  it('has one part a shard in a batch', async () => {
    const rig = new ReaderRig({ shards: 2 });
    for (let n = 0; n < 10; n += 1) rig.put(plain(n % 2 === 0 ? LOW : HIGH, String(n)));
    const { reader } = await rig.open();
    await rig.time.pass(100);
    const batch = (await rig.next(reader))!;
    expect(batch.parts.map(({ records }) => records.length)).toEqual([5, 5]);
    expect(new Set(batch.parts.map(({ partition }) => partition)).size).toBe(2);
    await reader.close();
  });

  it('waits lingerMs for a batch to fill, and no longer than that it is full', async () => {
    const rig = new ReaderRig();
    const { reader } = await rig.open();
    const beganMs = rig.time.nowMs;
    rig.put(plain('d', '0'));
    rig.time.schedule(1_000, () => rig.put(plain('d', '1')));
    expect(payloads([await rig.next(reader, { lingerMs: 3_000 })])).toEqual(['0', '1']);
    expect(rig.time.nowMs - beganMs).toBeGreaterThanOrEqual(3_000);
    rig.put(plain('d', '2'), plain('d', '3'));
    expect(payloads([await rig.next(reader, { lingerMs: 1_000_000, maxRecords: 2 })])).toEqual(['2', '3']);
    expect(rig.time.nowMs - beganMs).toBeLessThan(10_000);
    await reader.close();
  });

  it('takes nothing when it is aborted while it waits for a batch to fill', async () => {
    const rig = new ReaderRig();
    rig.put(plain('d', '0'));
    const { reader, assigner } = await rig.open();
    const before = assigner.position();
    const stop = new AbortController();
    rig.time.schedule(500, () => stop.abort());
    const limits = { maxRecords: 10, maxBytes: MIB, lingerMs: 60_000, whenEmpty: 'wait' } as const;
    expect(await rig.run(reader.next(limits, stop.signal))).toBeUndefined();
    expect(assigner.position()).toBe(before);
    expect(payloads([await rig.next(reader)])).toEqual(['0']);
    await reader.close();
  });

  it('with whenEmpty "return" delivers what is fetched and then resolves with nothing', async () => {
    const rig = new ReaderRig();
    rig.put(...range(0, 5).map((text) => plain('d', text)));
    const { reader } = await rig.open();
    expect(await rig.next(reader, { whenEmpty: 'return' })).toBeUndefined();
    await rig.time.pass(100);
    expect(payloads([await rig.next(reader, { whenEmpty: 'return', maxRecords: 3 })])).toEqual(range(0, 3));
    expect(payloads([await rig.next(reader, { whenEmpty: 'return', maxRecords: 3 })])).toEqual(range(3, 5));
    expect(await rig.next(reader, { whenEmpty: 'return' })).toBeUndefined();
    await reader.close();
  });
});

describe('aggregates that are not what they should be', () => {
  it('moves the position over an aggregate without user records, and does not read it again', async () => {
    const rig = new ReaderRig();
    rig.put(aggregate('d', []));
    const { reader, assigner } = await rig.open();
    const before = assigner.position();
    const batch = (await rig.next(reader))!;
    expect(batch.parts).toEqual([]);
    expect(batch.position).not.toBe(before);
    expect(SingleWorkerAssigner.recordsAt(batch.position)).toBe(0);
    await reader.close();

    const second = await rig.open(batch.position);
    await rig.time.pass(100);
    expect(await rig.next(second.reader, { whenEmpty: 'return' })).toBeUndefined();
    expect(second.assigner.position()).toBe(batch.position);
    expect(rig.warnings).toEqual([]);
    await second.reader.close();
  });

  it('passes a damaged aggregate on as one record and counts it', async () => {
    const rig = new ReaderRig();
    const damaged = Buffer.from(aggregate('d', pairs(['a', 'b'])).data);
    damaged[10] = damaged[10]! ^ 1;
    rig.put(plain('d', damaged), plain('d', AGGREGATE_MAGIC), plain('d', 'sound'));
    const { reader } = await rig.open();
    const batch = (await rig.next(reader))!;
    expect(batch.parts[0]!.records.map(({ payload }) => payload)).toEqual([
      damaged,
      AGGREGATE_MAGIC,
      Buffer.from('sound'),
    ]);
    expect(SingleWorkerAssigner.recordsAt(batch.position)).toBe(3);
    expect(reader.counters().damagedAggregates).toBe(2);
    await reader.close();
  });

  it('delivers 1 MiB of empty user records in bounded batches, each once', async () => {
    const rig = new ReaderRig();
    const entry = aggregate(
      'd',
      range(0, 125_000).map(() => ['d', ''] as const),
    );
    expect(entry.data.length).toBeGreaterThan(0.9 * MIB);
    rig.put(entry, plain('d', 'behind'));
    const { reader } = await rig.open();
    const batches = await rig.read(reader, 125_001, { maxRecords: 5_000 });
    expect(Math.max(...batches.map((batch) => batch.parts[0]!.records.length))).toBe(5_000);
    expect(payloads(batches.slice(-1)).at(-1)).toBe('behind');
    expect(SingleWorkerAssigner.recordsAt(batches.at(-1)!.position)).toBe(125_001);
    await reader.close();
  });
});

describe('the end of a shard', () => {
  it('yields a batch without records, and then the children begin', async () => {
    const rig = new ReaderRig();
    rig.put(plain(LOW, '0'));
    const { reader } = await rig.open();
    await rig.read(reader, 1);
    rig.stream.split(SHARD_0);
    rig.put(plain(LOW, '1'));
    const end = (await rig.next(reader))!;
    expect(end.parts).toEqual([]);
    expect(JSON.parse(end.position).shards[SHARD_0]).toEqual({ at: 'SHARD_END', records: 1 });
    expect(payloads(await rig.read(reader, 1))).toEqual(['1']);
    expect(reader.counters()).toMatchObject({ shardsEnded: 1, gaps: 0 });
    await reader.close();
  });

  it('comes with the last records when there are any, and does not linger', async () => {
    const rig = new ReaderRig();
    rig.put(plain(LOW, '0'), plain(LOW, '1'));
    rig.stream.split(SHARD_0);
    const { reader } = await rig.open();
    const batches = await rig.read(reader, 2, { maxRecords: 1 });
    expect(JSON.parse(batches[0]!.position).shards[SHARD_0].at).not.toBe('SHARD_END');
    expect(JSON.parse(batches[1]!.position).shards[SHARD_0]).toEqual({ at: 'SHARD_END', records: 2 });
    await reader.close();

    const again = await rig.open();
    const begunMs = rig.time.nowMs;
    expect(payloads([await rig.next(again.reader, { lingerMs: 1_000_000 })])).toEqual(['0', '1']);
    expect(rig.time.nowMs - begunMs).toBeLessThan(1_000);
    await again.reader.close();
  });
});

describe('an assignment that is taken away', () => {
  it('delivers nothing more, gives its memory back, and leaves the other shards alone', async () => {
    const rig = new ReaderRig({ shards: 2 });
    rig.put(plain(LOW, 'low'), plain(HIGH, 'high'));
    const { reader } = await rig.open();
    await rig.time.pass(100);
    expect(reader.counters().bufferedBytes).toBeGreaterThan(0);
    reader.end(SHARD_0);
    expect(payloads([await rig.next(reader)])).toEqual(['high']);
    await rig.time.pass(1_000);
    expect(await rig.next(reader, { whenEmpty: 'return' })).toBeUndefined();
    expect(reader.counters()).toMatchObject({ bufferedBytes: 0, shardsReading: 1 });
    await reader.close();
  });

  it('releases what a call brings that was in flight', async () => {
    let answer = () => {};
    const stall = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const rig = new ReaderRig({ bufferBytes: 1 });
    rig.put(plain('d', '0'));
    const { reader } = await rig.open(undefined, { getRecords: () => ({ stall }) });
    await rig.time.pass(100);
    reader.end(SHARD_0);
    answer();
    await rig.time.pass(100);
    expect(reader.counters().bufferedBytes).toBe(0);
    reader.begin({ partition: 'again', shardId: SHARD_0, from: { kind: 'TRIM_HORIZON' }, records: 0 });
    expect(payloads([await rig.next(reader)])).toEqual(['0']);
    await reader.close();
  });
});

describe('memory', () => {
  it('stays within the buffer while nobody reads, and every shard is still read', async () => {
    const bufferBytes = 3 * MAX_PAGE_BYTES;
    const rig = new ReaderRig({ shards: 4, bufferBytes, maxConcurrentFetches: 3 });
    const large = Buffer.alloc(900_000, 'x');
    for (let n = 0; n < 30; n += 1) {
      for (let key = 0; key < 4; key += 1)
        rig.stream.put([{ ...plain('d', large), explicitHashKey: String((1n << 126n) * BigInt(key)) }]);
    }
    const { reader } = await rig.open();
    let highest = 0;
    const look = () => {
      highest = Math.max(highest, reader.counters().bufferedBytes);
    };
    for (let n = 0; n < 200; n += 1) {
      await rig.time.pass(100);
      look();
    }
    expect(highest).toBeGreaterThan(bufferBytes / 2);
    const seen = new Map<string, number>();
    for (let records = 0; records < 120; ) {
      const batch = (await rig.next(reader, { maxRecords: 3 }))!;
      look();
      for (const part of batch.parts) {
        records += part.records.length;
        seen.set(part.partition, (seen.get(part.partition) ?? 0) + part.records.length);
      }
    }
    expect([...seen.values()]).toEqual([30, 30, 30, 30]);
    expect(highest).toBeLessThanOrEqual(bufferBytes);
    expect(reader.counters().bufferedBytes).toBe(0);
    await reader.close();
  }, 30_000);
});

describe('closing', () => {
  it('leaves no timer that would keep the process alive', async () => {
    const rig = new ReaderRig({ shards: 3 });
    const { reader } = await rig.open();
    await rig.time.pass(5_000);
    expect(rig.pendingTimers.size).toBeGreaterThan(0);
    await reader.close();
    await rig.time.pass(0);
    expect(rig.pendingTimers.size).toBe(0);
  });
});

describe('failures while reading', () => {
  it.each([
    ['KINESIS_DENIED', 'misconfigured'],
    ['KINESIS_UNREACHABLE', 'retrying'],
    ['KINESIS_STREAM_MISSING', 'misconfigured'],
    ['KINESIS_REQUEST_REFUSED', 'misconfigured'],
  ] as const)('are waited out loudly: %s', async (code, state) => {
    const rig = new ReaderRig();
    rig.put(plain('d', '0'));
    const { reader, api } = await rig.open(undefined, {
      getRecords: () => ({ throw: new SluiceError(code, 'on purpose') }),
    });
    await rig.time.pass(600_000);
    expect(reader.status()).toEqual({ state, detail: `shard ${SHARD_0}: on purpose` });
    const said = rig.warnings.filter((warning) => warning.code === code);
    expect(said.length).toBeGreaterThanOrEqual(9);
    expect(said.length).toBeLessThanOrEqual(21);
    expect(reader.counters().failures).toBeGreaterThan(20);
    expect(reader.counters().failures).toBeLessThan(400);
    expect(reader.counters().lastGoodPollAtMs).toBe(rig.wallMs - 600_000);
    api.faults = {};
    expect(payloads([await rig.next(reader)])).toEqual(['0']);
    expect(reader.status()).toEqual({ state: 'healthy', detail: '' });
    await reader.close();
  });

  it('counts throttles, and shows them only when they come in a row', async () => {
    const rig = new ReaderRig();
    let throttles = 2;
    const { reader, api } = await rig.open(undefined, {
      getRecords: () => {
        if (throttles === 0) return undefined;
        throttles -= 1;
        return { throw: new SluiceError('KINESIS_THROTTLED', 'Rate exceeded') };
      },
    });
    await rig.time.pass(10_000);
    expect(reader.counters()).toMatchObject({ throttled: 2, failures: 0 });
    expect(rig.warnings).toEqual([]);
    throttles = Number.POSITIVE_INFINITY;
    await rig.time.pass(10_000);
    expect(reader.status().state).toBe('retrying');
    expect(rig.warnings[0]).toMatchObject({ code: 'KINESIS_THROTTLED' });
    // Between 0.5 and 2 s each.
    expect(api.calls.getRecords).toBeLessThan(60);
    await reader.close();
  });

  it('makes a bug in reading reject, instead of waiting for ever', async () => {
    const rig = new ReaderRig();
    const { reader } = await rig.open(undefined, {
      getRecords: () => {
        throw new TypeError('a bug');
      },
    });
    await expect(rig.next(reader)).rejects.toThrow('a bug');
    await reader.close();
  });

  it('rejects at open when the shards cannot be listed', async () => {
    const rig = new ReaderRig();
    const denied = new SluiceError('KINESIS_DENIED', 'no ListShards for you');
    await expect(rig.open(undefined, { listShards: () => denied })).rejects.toBe(denied);
  });
});
