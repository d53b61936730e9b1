import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../../../src/lib/errors.js';
import { MAX_PAGE_BYTES } from '../../../../src/stream/kinesis/reader/fetch-room.js';
import { SingleWorkerAssigner } from '../../../../src/stream/kinesis/reader/single-worker-assigner.js';
import { aggregate, HIGH, LOW, MIB, payloads, plain, ReaderRig, range } from './reader-rig.js';

const SHARD_0 = 'shardId-000000000000';

/** A rig that writes down when GetRecords is called. */
function timed(rig: ReaderRig) {
  const calledAtMs: number[] = [];
  const getRecords = () => {
    calledAtMs.push(rig.time.nowMs);
    return undefined;
  };
  const gapsMs = () => calledAtMs.slice(1).map((atMs, n) => atMs - calledAtMs[n]!);
  return { getRecords, gapsMs };
}

describe('the pace of polling', () => {
  it('slows down to 1 s while the shard is empty', async () => {
    const rig = new ReaderRig();
    const { getRecords, gapsMs } = timed(rig);
    const { reader } = await rig.open(undefined, { getRecords });
    await rig.time.pass(5_000);
    expect(gapsMs().slice(0, 5)).toEqual([250, 500, 1_000, 1_000, 1_000]);
    await reader.close();
  });

  it('is 5 calls a second while the shard is behind, also over empty answers', async () => {
    const rig = new ReaderRig();
    rig.put(...range(0, 20).map((text) => plain('d', text)));
    const { gapsMs, getRecords } = timed(rig);
    let calls = 0;
    const { reader } = await rig.open(undefined, {
      getRecords: () => {
        getRecords();
        calls += 1;
        return calls % 2 === 0 ? { empty: true } : { atMost: 1 };
      },
    });
    await rig.read(reader, 20);
    expect(new Set(gapsMs())).toEqual(new Set([200]));
    await reader.close();
  });

  it('keeps to 2 MB a second', async () => {
    const rig = new ReaderRig();
    for (let n = 0; n < 25; n += 1) rig.put(plain('d', Buffer.alloc(1_000_000)));
    const { getRecords, gapsMs } = timed(rig);
    const { reader } = await rig.open(undefined, { getRecords });
    await rig.read(reader, 25);
    expect(gapsMs()).toEqual([5_000, 5_000]);
    await reader.close();
  });
});

describe('an iterator that has expired', () => {
  it('is renewed from what is fetched, which is not read twice', async () => {
    const rig = new ReaderRig();
    rig.put(...range(0, 5).map((text) => plain('d', text)));
    const { reader, api } = await rig.open();
    await rig.time.pass(100);
    rig.stream.expireIterators();
    rig.put(...range(5, 8).map((text) => plain('d', text)));
    await rig.time.pass(1_000);
    expect(api.calls.shardIterator).toBe(2);
    expect(payloads(await rig.read(reader, 8))).toEqual(range(0, 8));
    expect(reader.counters()).toMatchObject({ iteratorsRenewed: 1, failures: 0, gaps: 0 });
    await reader.close();
  });

  it('expires when the store stands still for longer than 5 minutes, and nothing is lost', async () => {
    const rig = new ReaderRig({ bufferBytes: MAX_PAGE_BYTES });
    const large = range(0, 24).map((text) => text.padEnd(1_000_000, ' '));
    for (const text of large) rig.put(plain('d', text));
    const { reader } = await rig.open();
    await rig.time.pass(20 * 60_000);
    expect(payloads(await rig.read(reader, 24)).map((text) => text.trim())).toEqual(range(0, 24));
    expect(reader.counters().iteratorsRenewed).toBeGreaterThan(0);
    await reader.close();
  });
});

describe('records that retention has taken', () => {
  it('are a gap that is counted and logged; reading continues at the oldest record', async () => {
    const rig = new ReaderRig();
    rig.put(...range(0, 10).map((text) => plain('d', text)));
    const first = await rig.open();
    const [batch] = await rig.read(first.reader, 3, { maxRecords: 3 });
    await first.reader.close();
    rig.stream.trim(SHARD_0, rig.stream.stored()[6]!.sequenceNumber);

    const second = await rig.open(batch!.position);
    const rest = await rig.read(second.reader, 4);
    expect(payloads(rest)).toEqual(range(6, 10));
    expect(second.reader.counters().gaps).toBe(1);
    expect(rig.warnings).toMatchObject([
      { code: 'POSITION_LEFT_STREAM', shardId: SHARD_0, behind: rig.stream.stored()[2]!.sequenceNumber },
    ]);
    expect(SingleWorkerAssigner.recordsAt(rest.at(-1)!.position)).toBe(7);
    await second.reader.close();
  });

  it('are no gap when the position itself is still there', async () => {
    const rig = new ReaderRig();
    rig.put(...range(0, 10).map((text) => plain('d', text)));
    const first = await rig.open();
    const [batch] = await rig.read(first.reader, 3, { maxRecords: 3 });
    await first.reader.close();
    rig.stream.trim(SHARD_0, rig.stream.stored()[2]!.sequenceNumber);
    const second = await rig.open(batch!.position);
    expect(payloads(await rig.read(second.reader, 7))).toEqual(range(3, 10));
    expect(second.reader.counters().gaps).toBe(0);
    await second.reader.close();
  });

  it('during an outage are found when the iterator is renewed', async () => {
    const rig = new ReaderRig();
    rig.put(plain('d', '0'));
    let isStanding = false;
    const { reader } = await rig.open(undefined, {
      getRecords: () =>
        isStanding ? { throw: new SluiceError('KINESIS_UNREACHABLE', 'on purpose') } : undefined,
    });
    await rig.read(reader, 1);
    isStanding = true;
    rig.put(...range(1, 5).map((text) => plain('d', text)));
    await rig.time.pass(10 * 60_000);
    rig.stream.trim(SHARD_0, rig.stream.stored()[3]!.sequenceNumber);
    isStanding = false;
    expect(payloads(await rig.read(reader, 2))).toEqual(['3', '4']);
    expect(reader.counters().gaps).toBe(1);
    await reader.close();
  });

  it('make reading begin again when Kinesis refuses the position, without reading again what was delivered', async () => {
    const rig = new ReaderRig();
    // More than 300 records: their sequence numbers gain a digit on the way.
    rig.put(...range(0, 400).map((text) => plain('d', text)));
    rig.put(
      aggregate('d', [
        ['d', '400'],
        ['d', '401'],
      ]),
    );
    const first = await rig.open();
    const taken = await rig.read(first.reader, 401, { maxRecords: 401 });
    await first.reader.close();
    const second = await rig.open(taken.at(-1)!.position, {
      shardIterator: (_shardId, start) =>
        start.type === 'TRIM_HORIZON'
          ? undefined
          : new SluiceError('KINESIS_REQUEST_REFUSED', 'the sequence number is too old'),
    });
    const rest = await rig.read(second.reader, 1);
    expect(payloads(rest)).toEqual(['401']);
    expect(second.reader.counters().gaps).toBe(0);
    await second.reader.close();
  });

  it('with their whole shard: the children are read, and the shard is said to be gone', async () => {
    const rig = new ReaderRig();
    rig.put(plain('d', '0'), plain('d', '1'));
    const first = await rig.open();
    const [batch] = await rig.read(first.reader, 1, { maxRecords: 1 });
    await first.reader.close();
    rig.stream.split(SHARD_0);
    rig.put(plain('d', '2'));
    rig.stream.forget(SHARD_0);

    const second = await rig.open(batch!.position);
    const rest = await rig.read(second.reader, 1);
    expect(payloads(rest)).toEqual(['2']);
    expect(rig.warnings.map(({ code }) => code)).toContain('SHARD_LEFT_STREAM');
    expect(second.reader.counters().gaps).toBe(1);
    expect(SingleWorkerAssigner.recordsAt(rest.at(-1)!.position)).toBe(2);
    expect(rig.time.nowMs).toBeLessThan(60_000);
    await second.reader.close();
  });

  it('are not held to be gone while only the stream cannot be found', async () => {
    const rig = new ReaderRig();
    rig.put(plain('d', '0'));
    const missing = new SluiceError('KINESIS_STREAM_MISSING', 'no such stream');
    const { reader, api } = await rig.open();
    api.faults = { getRecords: () => ({ throw: missing }), listShards: () => missing };
    await rig.time.pass(600_000);
    expect(reader.counters()).toMatchObject({ gaps: 0, shardsReading: 1 });
    api.faults = {};
    expect(payloads(await rig.read(reader, 1))).toEqual(['0']);
    await reader.close();
  });
});

describe('a call that takes long', () => {
  it('holds up its own shard only', async () => {
    const rig = new ReaderRig({ shards: 2, bufferBytes: 64 * MIB });
    rig.put(plain(LOW, 'slow'), plain(HIGH, 'quick'));
    const { reader } = await rig.open(undefined, {
      getRecords: (shardId) => (shardId === SHARD_0 ? { stall: rig.time.pause(30_000) } : undefined),
    });
    expect(payloads([await rig.next(reader)])).toEqual(['quick']);
    expect(rig.time.nowMs).toBeLessThan(1_000);
    expect(payloads([await rig.next(reader)])).toEqual(['slow']);
    await reader.close();
  });
});
