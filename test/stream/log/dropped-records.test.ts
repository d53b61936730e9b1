import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { LogPressure } from '../../../src/stream/log/size-limit.js';
import type { RecordBatch } from '../../../src/stream/stream.js';
import { FailingLogFiles } from '../../support/failing-log-files.js';
import { NO_LINGER, TestLog, testRecord } from '../../support/log-fixture.js';
import { tempDirectory } from '../../support/temp-directory.js';

const signal = new AbortController().signal;
const SMALL = { segmentSizeBytes: 2000, maxSizeBytes: 8000, whenFull: 'drop-oldest' } as const;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => testRecord(from + i));

interface Seen {
  readonly records: { readonly receivedAtNs: bigint }[];
  dropped: number;
  damaged: number;
}

function take(seen: Seen, batch: RecordBatch): void {
  const { records, lost } = batch.parts[0]!;
  seen.records.push(...records.map(({ receivedAtNs }) => ({ receivedAtNs })));
  seen.dropped += lost.dropped;
  seen.damaged += lost.damaged;
}

const nothing = (): Seen => ({ records: [], dropped: 0, damaged: 0 });

describe('drop-oldest', () => {
  it('counts at once, and never as damaged, what a reader has not read of the segment that it has open', async () => {
    const pressure: LogPressure[] = [];
    const log = await TestLog.open(tempDirectory(), SMALL, {
      readers: new Map([['consumer', 0]]),
      onPressure: (p) => pressure.push(p),
    });
    await log.append(0, 20);
    const reader = log.reader('0', { seat: 0 });
    const seen = nothing();
    // It holds five records of the first segment, whose outcome is not decided, and has the segment open.
    take(seen, (await reader.next({ ...NO_LINGER, maxRecords: 5 }, signal))!);
    for (let n = 20; n < 400; n += 10) await log.append(n, n + 10);
    const dropped = log.writer.missedBy('consumer');
    expect(dropped).toBeGreaterThan(0);
    expect(log.writer.counters().droppedRecords).toBe(dropped);
    expect(pressure.reduce((sum, p) => sum + (p.kind === 'dropped' ? (p.missed.consumer ?? 0) : 0), 0)).toBe(
      dropped,
    );
    while (seen.records.length + seen.dropped < 400) take(seen, (await reader.next(NO_LINGER, signal))!);
    expect(seen).toMatchObject({ dropped, damaged: 0 });
    expect(seen.records).toEqual(
      [...range(0, 5), ...range(5 + dropped, 400)].map(({ receivedAtNs }) => ({ receivedAtNs })),
    );
    await reader.close();
    await log.writer.close();
  });

  it('counts for each of several readers what it has missed, and in the counter what none of them has read', async () => {
    const log = await TestLog.open(tempDirectory(), SMALL, {
      readers: new Map([
        ['consumer', 0],
        ['archive', 0],
      ]),
    });
    const readers = [log.reader('0', { seat: 0 }), log.reader('0', { seat: 1 })];
    const seen = [nothing(), nothing()];
    for (let n = 0; n < 100; n += 10) {
      await log.append(n, n + 10);
      // The archive keeps up, the consumer has read nothing.
      take(seen[1]!, (await readers[1]!.next(NO_LINGER, signal))!);
    }
    for (let n = 100; n < 400; n += 10) await log.append(n, n + 10);
    const missed = ['consumer', 'archive'].map((name) => log.writer.missedBy(name));
    expect(missed[0]).toBeGreaterThan(missed[1]!);
    expect(missed[0]! - missed[1]!).toBe(100);
    expect(log.writer.counters().droppedRecords).toBe(missed[1]);
    for (const [i, reader] of readers.entries()) {
      const mine = seen[i]!;
      while (mine.records.length + mine.dropped < 400) take(mine, (await reader.next(NO_LINGER, signal))!);
      expect(mine).toMatchObject({ dropped: missed[i], damaged: 0 });
      await reader.close();
    }
    await log.writer.close();
  });

  it('counts nothing when the reader has read it, although its position is not saved', async () => {
    const pressure: LogPressure[] = [];
    const log = await TestLog.open(tempDirectory(), SMALL, {
      readers: new Map([['consumer', 0]]),
      onPressure: (p) => pressure.push(p),
    });
    const reader = log.reader('0', { seat: 0 });
    for (let n = 0; n < 300; n += 10) {
      await log.append(n, n + 10);
      (await reader.next(NO_LINGER, signal))!.release();
    }
    expect(log.writer.counters().droppedRecords).toBe(0);
    expect(pressure).toEqual([]);
    await reader.close();
    await log.writer.close();
    // A crash: what was read and not saved is gone, and the next start says so before the reader comes to it.
    const again = await TestLog.open(log.options.directory, SMALL, { readers: new Map([['consumer', 0]]) });
    const missed = again.writer.missedBy('consumer');
    expect(missed).toBeGreaterThan(0);
    const all = await again.readAll('0', { seat: 0 });
    expect(all).toMatchObject({ dropped: missed, damaged: 0, damage: [] });
    expect(all.records).toEqual(range(missed, 300));
    await again.writer.close();
  });

  it('agrees with its reader on every record, however the two meet', async () => {
    for (let round = 0; round < 40; round += 1) {
      const log = await TestLog.open(
        tempDirectory(),
        { ...SMALL, segmentSizeBytes: 600, maxSizeBytes: 2400 },
        { readers: new Map([['consumer', 0]]), files: new FailingLogFiles() },
      );
      const reader = log.reader('0', { seat: 0, onDamage: (damage) => expect(damage).toBeUndefined() });
      const seen = nothing();
      const total = 300;
      const appending = (async () => {
        for (let n = 0; n < total; n += 5) await log.append(n, n + 5);
      })();
      while (seen.records.length + seen.dropped < total) {
        const batch = await reader.next({ ...NO_LINGER, maxRecords: 1 + ((round * 7) % 23) }, signal);
        take(seen, batch!);
        batch!.release();
        if (round % 3 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      }
      await appending;
      expect(seen.damaged).toBe(0);
      expect(seen.dropped).toBe(log.writer.missedBy('consumer'));
      expect(log.writer.counters().droppedRecords).toBe(seen.dropped);
      expect(seen.records.length + seen.dropped).toBe(total);
      await reader.close();
      await log.writer.close();
    }
  });

  it('frees the bytes of a segment that a reader has open', async () => {
    const files = new FailingLogFiles();
    const truncated: string[] = [];
    const truncate = files.truncate.bind(files);
    files.truncate = (path, bytes) => {
      truncated.push(path);
      return truncate(path, bytes);
    };
    const directory = tempDirectory();
    const log = await TestLog.open(directory, SMALL, { files });
    await log.append(0, 10);
    const first = readdirSync(directory).find((name) => name.endsWith('.seg'))!;
    for (let n = 10; n < 200; n += 10) await log.append(n, n + 10);
    expect(truncated.some((path) => path.endsWith(first))).toBe(true);
    await log.writer.close();
  });
});
