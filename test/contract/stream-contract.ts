import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  Position,
  ReadLimits,
  RecordBatch,
  StreamReader,
  StreamRecord,
} from '../../src/stream/stream.js';
import { testRecord } from '../support/log-fixture.js';

/** An empty stream of its own for one test. */
export interface StreamUnderTest {
  /** Resolves when the records are durable. Calls do not overlap. */
  append(records: readonly StreamRecord[]): Promise<void>;
  /** From the first record there ever was, or behind the batch of `from`. Closed by the test. */
  reader(from?: Position): Promise<StreamReader>;
  /** All records are in the order of appending; else only those of one client. */
  readonly inOneOrder: boolean;
  close(): Promise<void>;
}

const MIB = 1 << 20;
const WHOLE: ReadLimits = { maxRecords: 5_000, maxBytes: 8 * MIB, lingerMs: 0, whenEmpty: 'wait' };

const never = () => new AbortController().signal;
/** Some come from publishers that speak MQTT 5. */
const records = (from: number, to: number): StreamRecord[] =>
  Array.from({ length: to - from }, (_, index) => {
    const n = from + index;
    if (n % 4 !== 0) return testRecord(n);
    const properties = {
      isText: n % 8 === 0,
      expirySeconds: 0xffff_ffff - n,
      contentType: 'text/plain',
      responseTopic: `answers/${n}`,
      correlationData: Buffer.from([n & 0xff, 0xff]),
      userProperties: [['ü', `${n}`] as const, ['ü', '"'] as const],
    };
    return { ...testRecord(n), properties };
  });
const recordsOf = (batch: RecordBatch) => batch.parts.flatMap((part) => part.records);
/** Of a batch that will be released. */
const kept = (record: StreamRecord): StreamRecord => ({
  ...record,
  payload: Buffer.from(record.payload),
});

/** What every StreamReader owes (see src/stream/stream.ts). `open` is called for each test. */
export function streamContract(name: string, open: () => Promise<StreamUnderTest>): void {
  describe(`${name} keeps the stream contract`, { timeout: 60_000 }, () => {
    let stream: StreamUnderTest;
    beforeEach(async () => {
      stream = await open();
    }, 60_000);
    afterEach(async () => {
      await stream.close();
    }, 60_000);

    /** Reads until `count` records have come, and gives each batch back. */
    async function read(reader: StreamReader, count: number, limits: Partial<ReadLimits> = {}) {
      const batches: { readonly records: readonly StreamRecord[]; readonly position: Position }[] = [];
      for (let left = count; left > 0; ) {
        const batch = (await reader.next({ ...WHOLE, ...limits }, never()))!;
        for (const part of batch.parts) expect(part.lost).toEqual({ damaged: 0, dropped: 0 });
        batches.push({ records: recordsOf(batch).map(kept), position: batch.position });
        left -= recordsOf(batch).length;
        batch.release();
      }
      return batches;
    }

    /** `read` holds exactly the records of `expected`, in the order that the stream owes. */
    function expectSame(read: readonly StreamRecord[], expected: readonly StreamRecord[]): void {
      expect(read).toHaveLength(expected.length);
      if (stream.inOneOrder) expect(read.map(comparable)).toEqual(expected.map(comparable));
      else expect(byClient(read)).toEqual(byClient(expected));
    }

    test('a reader hands out every record once, unchanged and in order', async () => {
      const reader = await stream.reader();
      await stream.append(records(0, 150));
      await stream.append(records(150, 300));
      const batches = await read(reader, 300);
      expectSame(
        batches.flatMap((batch) => batch.records),
        records(0, 300),
      );
      await reader.close();
    });

    test('a reader that is opened late begins with the first record', async () => {
      await stream.append(records(0, 40));
      const reader = await stream.reader();
      const batches = await read(reader, 40);
      expectSame(
        batches.flatMap((batch) => batch.records),
        records(0, 40),
      );
      await reader.close();
    });

    test('from the position of each batch exactly the rest follows', async () => {
      await stream.append(records(0, 120));
      const first = await stream.reader();
      const batches = await read(first, 120, { maxRecords: 17 });
      await first.close();
      expect(batches.length).toBeGreaterThanOrEqual(8);
      for (const [at, { position }] of batches.entries()) {
        const rest = batches.slice(at + 1).flatMap((batch) => batch.records);
        const resumed = await stream.reader(position);
        const marker = testRecord(1_000 + at);
        await stream.append([marker]);
        const expected = [...rest, ...Array.from({ length: at + 1 }, (_, n) => testRecord(1_000 + n))];
        const again = await read(resumed, expected.length);
        await resumed.close();
        expectSame(
          again.flatMap((batch) => batch.records),
          expected,
        );
      }
    });

    test('maxRecords is kept to', async () => {
      await stream.append(records(0, 60));
      const reader = await stream.reader();
      for (const { records } of await read(reader, 60, { maxRecords: 7 })) {
        expect(records.length).toBeLessThanOrEqual(7);
      }
      await reader.close();
    });

    test('a batch is closed with the record that reaches maxBytes, and a single larger one is still delivered', async () => {
      const large = Array.from({ length: 12 }, (_, n) => testRecord(n, 3_000));
      await stream.append(large);
      const reader = await stream.reader();
      const batches = await read(reader, 12, { maxBytes: 10_000 });
      for (const { records } of batches) expect(records.length).toBeLessThanOrEqual(4);
      await stream.append([testRecord(12, 9_000)]);
      const [single] = await read(reader, 1, { maxBytes: 10 });
      expect(single?.records).toEqual([testRecord(12, 9_000)]);
      await reader.close();
    });

    test('whenEmpty "return" resolves undefined, and "wait" waits for a record', async () => {
      const reader = await stream.reader();
      expect(await reader.next({ ...WHOLE, whenEmpty: 'return' }, never())).toBeUndefined();
      const waiting = read(reader, 1);
      await stream.append([testRecord(7)]);
      expect((await waiting)[0]?.records).toEqual([testRecord(7)]);
      await reader.close();
    });

    test('an aborted call resolves undefined and takes nothing', async () => {
      const reader = await stream.reader();
      const stop = new AbortController();
      const waiting = reader.next(WHOLE, stop.signal);
      stop.abort();
      expect(await waiting).toBeUndefined();
      await stream.append(records(0, 5));
      const lingering = new AbortController();
      const filling = reader.next({ ...WHOLE, lingerMs: 30_000 }, lingering.signal);
      setTimeout(() => lingering.abort(), 300);
      expect(await filling).toBeUndefined();
      expect(await reader.next(WHOLE, AbortSignal.abort())).toBeUndefined();
      const batches = await read(reader, 5);
      expectSame(
        batches.flatMap((batch) => batch.records),
        records(0, 5),
      );
      await reader.close();
    });

    test('with lingerMs a batch waits for more records, until it is full', async () => {
      const reader = await stream.reader();
      const waiting = reader.next({ ...WHOLE, maxRecords: 2, lingerMs: 30_000 }, never());
      await stream.append([testRecord(0)]);
      await stream.append([testRecord(13)]);
      expect(recordsOf((await waiting)!)).toEqual([testRecord(0), testRecord(13)]);
      await reader.close();
    });

    test('lingerMs is over some time', async () => {
      const reader = await stream.reader();
      await stream.append([testRecord(0)]);
      const batch = await reader.next({ ...WHOLE, lingerMs: 200 }, never());
      expect(recordsOf(batch!)).toEqual([testRecord(0)]);
      await reader.close();
    });

    test('two readers go their own ways', async () => {
      await stream.append(records(0, 50));
      const slow = await stream.reader();
      const quick = await stream.reader();
      const [first] = await read(slow, 1, { maxRecords: 1 });
      const all = await read(quick, 50);
      await quick.close();
      expectSame(
        all.flatMap((batch) => batch.records),
        records(0, 50),
      );
      const rest = await read(slow, 49);
      expectSame([...first!.records, ...rest.flatMap((batch) => batch.records)], records(0, 50));
      await slow.close();
    });

    test('payloads are any bytes, also such as look like something of our own', async () => {
      const odd = [
        Buffer.alloc(0),
        Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
        Buffer.from('c3', 'hex'),
        Buffer.from('"\\u0000\ud83d\ude00'),
        Buffer.from('{"specversion":"1.0","id":"1","source":"x","type":"t","data":1}'),
        Buffer.from('f3899ac2', 'hex'),
        Buffer.concat([Buffer.from('f3899ac2', 'hex'), Buffer.alloc(40)]),
        Buffer.from('null'),
      ].map((payload, n) => ({ ...testRecord(n), payload }));
      await stream.append(odd);
      const reader = await stream.reader();
      const batches = await read(reader, odd.length);
      expectSame(
        batches.flatMap((batch) => batch.records),
        odd,
      );
      await reader.close();
    });

    test('records of hundreds of kilobytes come through', async () => {
      const large = [1, 100_000, 700_000, 50, 300_000, 2].map((bytes, n) => testRecord(n * 13, bytes));
      await stream.append(large);
      const reader = await stream.reader();
      const batches = await read(reader, large.length, { maxBytes: 400_000 });
      expectSame(
        batches.flatMap((batch) => batch.records),
        large,
      );
      await reader.close();
    });

    test('payloads stay as they are until the batch is released', async () => {
      const reader = await stream.reader();
      const held: RecordBatch[] = [];
      for (let n = 0; n < 4; n += 1) {
        await stream.append(Array.from({ length: 10 }, (_, i) => testRecord(n * 10 + i, 20_000)));
        for (let left = 10; left > 0; ) {
          const batch = (await reader.next(WHOLE, never()))!;
          held.push(batch);
          left -= recordsOf(batch).length;
        }
      }
      expectSame(
        held.flatMap(recordsOf),
        Array.from({ length: 40 }, (_, n) => testRecord(n, 20_000)),
      );
      for (const batch of held) {
        batch.release();
        batch.release();
      }
      await reader.close();
    });
  });
}

/** Buffers of hundreds of kilobytes take seconds to compare byte by byte. */
function comparable({ payload, ...rest }: StreamRecord) {
  const digest = createHash('sha256').update(payload).digest('hex');
  return { ...rest, start: payload.toString('latin1', 0, 40), bytes: payload.length, digest };
}

function byClient(all: readonly StreamRecord[]): Record<string, ReturnType<typeof comparable>[]> {
  const clients: Record<string, ReturnType<typeof comparable>[]> = {};
  for (const record of all) {
    clients[record.clientId] ??= [];
    clients[record.clientId]!.push(comparable(record));
  }
  return clients;
}
