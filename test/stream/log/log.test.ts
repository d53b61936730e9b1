import { readdirSync, readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recoverLog } from '../../../src/stream/log/recover-log.js';
import { MAX_BODY_BYTES, NO_LINGER, TestLog, testRecord } from '../../support/log-fixture.js';
import { tempDirectory } from '../../support/temp-directory.js';

const segmentsOf = (directory: string) =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.seg'))
    .sort();
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => testRecord(from + i));

describe('the log', () => {
  it('gives back every record, in order, over many segments', async () => {
    const log = await TestLog.open(tempDirectory(), { segmentSizeBytes: 2000 });
    await log.append(0, 500);
    await log.append(500, 501, 300_000);
    await log.append(501, 900);
    expect(segmentsOf(log.options.directory).length).toBeGreaterThan(3);
    const all = await log.readAll();
    expect(all.records).toEqual([...range(0, 500), testRecord(500, 300_000), ...range(501, 900)]);
    expect(all).toMatchObject({ damaged: 0, dropped: 0, position: '900' });
    await log.writer.close();
  });

  it('calls "stored" in append order and only when the bytes can be recovered', async () => {
    const directory = tempDirectory();
    const log = await TestLog.open(directory);
    const order: string[] = [];
    let onDisk = -1;
    await new Promise<void>((resolve) => {
      log.writer.append(testRecord(0), () => {
        order.push('0');
        onDisk = statSync(join(directory, segmentsOf(directory)[0]!)).size;
      });
      log.writer.afterPending(() => order.push('barrier'));
      log.writer.append(testRecord(1), () => {
        order.push('1');
        resolve();
      });
      expect(order).toEqual([]);
    });
    expect(order).toEqual(['0', 'barrier', '1']);
    expect(onDisk).toBeGreaterThan(0);
    await log.writer.close();
  });

  it('continues the sequence after a restart and reads across it', async () => {
    const directory = tempDirectory();
    const first = await TestLog.open(directory);
    await first.append(0, 10);
    await first.writer.close();
    const second = await TestLog.open(directory);
    expect(second.writer.durableSequence).toBe(10);
    expect(second.writer.recovered.lastReceivedAtNs).toBe(testRecord(9).receivedAtNs);
    await second.append(10, 20);
    expect((await second.readAll()).records).toEqual(range(0, 20));
    await second.writer.close();
  });

  it('never starts below the position a reader has saved', async () => {
    const directory = tempDirectory();
    const first = await TestLog.open(directory);
    await first.append(0, 10);
    await first.writer.close();
    for (const name of segmentsOf(directory)) unlinkSync(join(directory, name));
    const second = await TestLog.open(directory, {}, { readers: new Map([['consumer', 10]]) });
    await second.append(10, 12);
    expect((await second.readAll('10')).records).toEqual(range(10, 12));
    await second.writer.close();
  });

  it('keeps every good frame before a torn tail, at every byte of truncation', async () => {
    const directory = tempDirectory();
    const log = await TestLog.open(directory);
    await log.append(0, 12);
    await log.writer.close();
    const file = join(directory, segmentsOf(directory)[0]!);
    const whole = readFileSync(file);
    const ends: number[] = [0];
    for (let n = 1, at = 0; n <= 12; n += 1) {
      at += 20 + whole.readUInt32LE(at + 8);
      ends.push(at);
    }
    for (let length = whole.length; length >= 0; length -= 1) {
      writeFileSync(file, whole.subarray(0, length));
      const found = await recoverLog({ directory, maxBodyBytes: MAX_BODY_BYTES });
      const good = ends.filter((end) => end > 0 && end <= length).length;
      expect(found.nextSequence).toBe(good);
      expect(found.tornBytes).toBe(length - ends[good]!);
      const again = await recoverLog({ directory, maxBodyBytes: MAX_BODY_BYTES });
      expect(again).toMatchObject({ nextSequence: good, tornBytes: 0 });
    }
  });

  it('skips a damaged frame without losing the good ones behind it, and counts it', async () => {
    const directory = tempDirectory();
    const log = await TestLog.open(directory);
    await log.append(0, 40);
    await log.writer.close();
    const file = join(directory, segmentsOf(directory)[0]!);
    const whole = readFileSync(file);
    const starts: number[] = [];
    for (let at = 0; at < whole.length; at += 20 + whole.readUInt32LE(at + 8)) starts.push(at);
    // Every byte of one frame in turn: magic, checksum, length, sequence, body.
    for (let at = starts[20]!; at < starts[21]!; at += 1) {
      const damagedBytes = Buffer.from(whole);
      damagedBytes[at]! ^= 0x41;
      writeFileSync(file, damagedBytes);
      const reopened = await TestLog.open(directory);
      expect(reopened.writer.durableSequence).toBe(40);
      const all = await reopened.readAll();
      expect(all.damaged).toBe(1);
      expect(all.records).toEqual([...range(0, 20), ...range(21, 40)]);
      await reopened.writer.close();
    }
  });

  it('counts as damaged what a removed segment in the middle held', async () => {
    const log = await TestLog.open(tempDirectory(), { segmentSizeBytes: 1000 });
    for (let n = 0; n < 60; n += 10) await log.append(n, n + 10);
    const names = segmentsOf(log.options.directory);
    const [from, to] = [names[1]!, names[2]!].map((name) => Number(name.slice(0, 16)));
    unlinkSync(join(log.options.directory, names[1]!));
    const all = await log.readAll();
    expect(all.damaged).toBe(to! - from!);
    expect(all.records).toEqual([...range(0, from!), ...range(to!, 60)]);
    await log.writer.close();
  });

  it('reports the tail of the newest segment as damaged when it turns bad while running', async () => {
    const directory = tempDirectory();
    const log = await TestLog.open(directory);
    await log.append(0, 10);
    const file = join(directory, segmentsOf(directory)[0]!);
    const size = statSync(file).size;
    truncateSync(file, size - 5);
    truncateSync(file, size);
    const reader = log.reader();
    const first = await reader.next(NO_LINGER, new AbortController().signal);
    expect(first?.parts[0]?.records).toEqual(range(0, 9));
    expect(first).toMatchObject({ position: '10', parts: [{ lost: { damaged: 1, dropped: 0 } }] });
    await log.append(10, 15);
    const second = await reader.next(NO_LINGER, new AbortController().signal);
    expect(second?.parts[0]?.records).toEqual(range(10, 15));
    expect(second?.parts[0]?.lost.damaged).toBe(0);
    await reader.close();
    await log.writer.close();
  });

  it('does not read a frame that a device hides in a payload as a real one', async () => {
    const directory = tempDirectory();
    const inner = await TestLog.open(tempDirectory());
    await inner.append(0, 3);
    await inner.writer.close();
    const innerFile = join(inner.options.directory, segmentsOf(inner.options.directory)[0]!);
    const forged = readFileSync(innerFile);

    const log = await TestLog.open(directory);
    await new Promise<void>((resolve) => {
      log.writer.append({ ...testRecord(0), payload: forged }, () => undefined);
      log.writer.append(testRecord(1), resolve);
    });
    await log.writer.close();
    const file = join(directory, segmentsOf(directory)[0]!);
    const bytes = readFileSync(file);
    bytes[0] = 0;
    writeFileSync(file, bytes);
    const reopened = await TestLog.open(directory);
    const all = await reopened.readAll();
    expect(all.records).toEqual([testRecord(1)]);
    expect(all.damaged).toBe(1);
    await reopened.writer.close();
  });
});

describe('a full log', () => {
  it('blocks: nothing is acknowledged until a reader has made room, then everything is', async () => {
    const pressure: string[] = [];
    const log = await TestLog.open(
      tempDirectory(),
      { segmentSizeBytes: 4000, maxSizeBytes: 20_000 },
      { onPressure: (p) => pressure.push(p.kind) },
    );
    let stored = 0;
    let appended = 0;
    while (!log.writer.isBlocked) {
      for (let i = 0; i < 20; i += 1) log.writer.append(testRecord(appended++), () => (stored += 1));
      while (stored < appended && !log.writer.isBlocked) await new Promise<void>((r) => setImmediate(r));
    }
    expect(stored).toBeLessThan(appended);
    expect(log.writer.counters().sizeBytes).toBeLessThanOrEqual(20_000);
    const storedWhenBlocked = stored;
    const read = await log.readAll();
    expect(read.records.length).toBe(storedWhenBlocked);
    await log.writer.trim('consumer', storedWhenBlocked);
    await new Promise<void>((resolve) => log.writer.afterPending(resolve));
    expect(stored).toBe(appended);
    expect(pressure).toEqual(['blocked', 'unblocked']);
    expect((await log.readAll(read.position)).records).toEqual(range(storedWhenBlocked, appended));
    await log.writer.close();
  });

  it('drops the oldest segments when configured so, and the reader counts what it missed', async () => {
    const log = await TestLog.open(tempDirectory(), {
      segmentSizeBytes: 2000,
      maxSizeBytes: 8000,
      whenFull: 'drop-oldest',
    });
    for (let n = 0; n < 400; n += 10) await log.append(n, n + 10);
    const all = await log.readAll();
    expect(all.dropped).toBeGreaterThan(0);
    expect(all.dropped).toBe(log.writer.counters().droppedRecords);
    expect(all.records).toEqual(range(all.dropped, 400));
    expect(log.writer.counters().sizeBytes).toBeLessThanOrEqual(8000);
    await log.writer.close();
  });
});

describe('trim', () => {
  it('deletes the segments that every reader has left behind, but never the newest receive time', async () => {
    const directory = tempDirectory();
    const log = await TestLog.open(directory, { segmentSizeBytes: 1000 });
    for (let n = 0; n < 100; n += 10) await log.append(n, n + 10);
    const before = segmentsOf(directory).length;
    await log.writer.trim('consumer', 50);
    expect(segmentsOf(directory).length).toBeLessThan(before);
    expect((await log.readAll('50')).records).toEqual(range(50, 100));
    await log.writer.trim('consumer', 100);
    await log.writer.close();
    const reopened = await TestLog.open(directory);
    await reopened.writer.trim('consumer', 100);
    expect(segmentsOf(directory).length).toBe(2);
    expect(reopened.writer.recovered.lastReceivedAtNs).toBe(testRecord(99).receivedAtNs);
    await reopened.writer.close();
    const third = await TestLog.open(directory);
    expect(third.writer.recovered.lastReceivedAtNs).toBe(testRecord(99).receivedAtNs);
    expect(third.writer.durableSequence).toBe(100);
    await third.writer.close();
  });
});

describe('several readers', () => {
  it('each go at their own pace, and the slowest one holds the segments', async () => {
    const readers = new Map([
      ['consumer', 0],
      ['archive', 0],
    ]);
    const log = await TestLog.open(tempDirectory(), { segmentSizeBytes: 1000 }, { readers });
    for (let n = 0; n < 100; n += 10) await log.append(n, n + 10);
    await log.writer.trim('consumer', 100);
    expect((await log.readAll('0')).records).toEqual(range(0, 100));
    await log.writer.trim('archive', 60);
    expect((await log.readAll('60')).records).toEqual(range(60, 100));
    expect((await log.readAll('0')).dropped).toBeGreaterThan(0);
    await log.writer.close();
  });
});

describe('a reader', () => {
  it('keeps the payloads of a batch unchanged until the batch is released', async () => {
    const log = await TestLog.open(tempDirectory());
    const reader = log.reader();
    const signal = new AbortController().signal;
    const held = [];
    for (let n = 0; n < 60; n += 1) {
      await log.append(n * 10, n * 10 + 10, 20_000);
      const batch = (await reader.next(NO_LINGER, signal))!;
      if (n % 3 === 0) held.push({ n, batch });
      else batch.release();
    }
    for (const { n, batch } of held) {
      expect(batch.parts[0]!.records.map((r) => r.payload)).toEqual(
        Array.from({ length: 10 }, (_, i) => testRecord(n * 10 + i, 20_000).payload),
      );
    }
    await reader.close();
    await log.writer.close();
  });

  it('waits for records, sees each once and stops when aborted', async () => {
    const log = await TestLog.open(tempDirectory());
    const reader = log.reader();
    const stop = new AbortController();
    const waiting = reader.next(NO_LINGER, stop.signal);
    await log.append(0, 3);
    const seen = [...(await waiting)!.parts[0]!.records];
    while (seen.length < 3) seen.push(...(await reader.next(NO_LINGER, stop.signal))!.parts[0]!.records);
    expect(seen).toEqual(range(0, 3));
    const last = reader.next(NO_LINGER, stop.signal);
    stop.abort();
    expect(await last).toBeUndefined();
    await reader.close();
    await log.writer.close();
  });

  it('keeps its limits and continues where it stopped, while records are appended', async () => {
    const log = await TestLog.open(tempDirectory(), { segmentSizeBytes: 5000 });
    const readers = [log.reader(), log.reader()];
    const signal = new AbortController().signal;
    const appending = (async () => {
      for (let n = 0; n < 2000; n += 25) await log.append(n, n + 25);
    })();
    const seen = await Promise.all(
      readers.map(async (reader, i) => {
        const records = [];
        while (records.length < 2000) {
          const batch = (await reader.next(
            { ...NO_LINGER, maxRecords: 7 + i * 90, maxBytes: 4000 },
            signal,
          ))!;
          expect(batch.parts[0]!.records.length).toBeLessThanOrEqual(7 + i * 90);
          expect(batch.parts[0]!.lost).toEqual({ damaged: 0, dropped: 0 });
          // Kept as a copy: the buffers are written over once they are given back.
          records.push(...batch.parts[0]!.records.map((r) => ({ ...r, payload: Buffer.from(r.payload) })));
          batch.release();
        }
        await reader.close();
        return records;
      }),
    );
    await appending;
    expect(seen[0]).toEqual(range(0, 2000));
    expect(seen[1]).toEqual(range(0, 2000));
    await log.writer.close();
  });
});
