import { linkSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SluiceError } from '../../../src/lib/errors.js';
import type { LogPressure } from '../../../src/stream/log/size-limit.js';
import { FailingLogFiles } from '../../support/failing-log-files.js';
import { TestLog, testRecord } from '../../support/log-fixture.js';
import { tempDirectory } from '../../support/temp-directory.js';

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => testRecord(from + i));
const SMALL = { segmentSizeBytes: 800 };
const RECORDS = 60;
const TRIMMED = 22;

interface Run {
  readonly log: TestLog | undefined;
  readonly openFailed: unknown;
  /** How many of the records were acknowledged. */
  readonly acknowledged: number;
  readonly pressure: readonly LogPressure[];
}

/** Appends in groups, trims in between, and closes. Ends early when the log has failed. */
async function scriptedRun(directory: string, files: FailingLogFiles, options = {}): Promise<Run> {
  const pressure: LogPressure[] = [];
  let log: TestLog;
  try {
    log = await TestLog.open(
      directory,
      { ...SMALL, ...options },
      { files, retryMs: 0, onPressure: (p) => pressure.push(p), readers: new Map([['consumer', 0]]) },
    );
  } catch (openFailed) {
    return { log: undefined, openFailed, acknowledged: 0, pressure };
  }
  let acknowledged = 0;
  for (let from = 0; from < RECORDS && log.failures.length === 0; from += 12) {
    for (let n = from; n < from + 12; n += 1) {
      log.writer.append(testRecord(n), () => {
        expect(acknowledged).toBe(n);
        acknowledged += 1;
      });
    }
    while (acknowledged < from + 12 && log.failures.length === 0) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    if (from === 24) await log.writer.trim('consumer', TRIMMED).catch(() => undefined);
  }
  await log.writer.close();
  return { log, openFailed: undefined, acknowledged, pressure };
}

async function callsOf(options = {}): Promise<number> {
  const files = new FailingLogFiles();
  await scriptedRun(tempDirectory(), files, options);
  return files.calls;
}

describe.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('a disk that has no room for a while (%s)', (code) => {
  it.each([1, 3])('costs nothing, whichever call it refuses first and %i times', async (times) => {
    const calls = await callsOf();
    expect(calls).toBeGreaterThan(30);
    // The codes mean the same: every call is refused with the first of them, and some with the others.
    for (let at = 1; at <= calls; at += code === 'ENOSPC' ? 1 : 4) {
      const directory = tempDirectory();
      const files = new FailingLogFiles({ at, times, code });
      const run = await scriptedRun(directory, files);
      expect(files.failed).toBeGreaterThan(0);
      if (run.openFailed !== undefined) {
        expect((run.openFailed as SluiceError).code).toBe('LOG_FAILED');
        expect((run.openFailed as SluiceError).message).toContain(directory);
        continue;
      }
      expect(run.log!.failures, `call ${at}`).toEqual([]);
      expect(run.acknowledged).toBe(RECORDS);
      expect(run.pressure.map(({ kind }) => kind).join()).toMatch(/^((disk-full,unblocked)(,|$))*$/);
      const again = await TestLog.open(directory, SMALL, {
        files: new FailingLogFiles(),
        readers: new Map([['consumer', TRIMMED]]),
      });
      expect(again.writer.durableSequence).toBe(RECORDS);
      const all = await again.readAll(String(TRIMMED));
      expect(all, `call ${at}`).toMatchObject({ damaged: 0, dropped: 0 });
      expect(all.records).toEqual(range(TRIMMED, RECORDS));
      await again.writer.close();
    }
  });
});

describe('a disk that fails (EIO)', () => {
  it('stops the log at any call, and nothing is acknowledged that is not there afterwards', async () => {
    const calls = await callsOf();
    let stopped = 0;
    for (let at = 1; at <= calls; at += 1) {
      const directory = tempDirectory();
      const run = await scriptedRun(directory, new FailingLogFiles({ at, times: 10_000, code: 'EIO' }));
      const failure = (run.openFailed ?? run.log!.failures[0]) as SluiceError | undefined;
      if (failure !== undefined) {
        stopped += 1;
        expect(failure.code).toBe('LOG_FAILED');
        expect(failure.message).toContain(directory);
      }
      const again = await TestLog.open(directory, SMALL, {
        files: new FailingLogFiles(),
        readers: new Map([['consumer', 0]]),
      });
      expect(again.writer.durableSequence).toBeGreaterThanOrEqual(run.acknowledged);
      const from = again.writer.recovered.oldest;
      expect(from).toBeLessThanOrEqual(TRIMMED);
      const all = await again.readAll(String(from));
      expect(all.damaged).toBe(0);
      expect(all.records.slice(0, run.acknowledged - from)).toEqual(range(from, run.acknowledged));
      await again.writer.close();
    }
    expect(stopped).toBeGreaterThan(calls / 2);
  });
});

describe('a full disk', () => {
  it('blocks without drop-oldest: nothing is acknowledged until there is room, then everything is, in order', async () => {
    const directory = tempDirectory();
    const files = new FailingLogFiles({ at: 12, times: 1, code: 'ENOSPC' });
    files.freeBytesNow = 4096;
    const pressure: LogPressure[] = [];
    const log = await TestLog.open(directory, SMALL, {
      files,
      retryMs: 0,
      onPressure: (p) => pressure.push(p),
    });
    const acknowledged: number[] = [];
    for (let n = 0; n < 40; n += 1) log.writer.append(testRecord(n), () => acknowledged.push(n));
    while (!log.writer.isBlocked) await new Promise<void>((resolve) => setImmediate(resolve));
    const before = acknowledged.length;
    expect(log.writer.diskFullFreeBytes).toBe(4096);
    expect(pressure).toEqual([
      { kind: 'disk-full', freeBytes: 4096, reason: expect.stringContaining('ENOSPC') as string },
    ]);
    // It looks again and again, and there is still no room.
    for (let turn = 0; turn < 50; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(acknowledged.length).toBe(before);
    files.freeBytesNow = 1 << 30;
    await new Promise<void>((resolve) => log.writer.afterPending(resolve));
    expect(acknowledged).toEqual(Array.from({ length: 40 }, (_, n) => n));
    expect(log.writer.diskFullFreeBytes).toBeUndefined();
    expect(pressure.map(({ kind }) => kind)).toEqual(['disk-full', 'unblocked']);
    expect((await log.readAll()).records).toEqual(range(0, 40));
    await log.writer.close();
  });

  it('frees what all readers have processed, also when that is the newest segment', async () => {
    const directory = tempDirectory();
    const files = new FailingLogFiles();
    const log = await TestLog.open(directory, {}, { files, retryMs: 0, readers: new Map([['consumer', 0]]) });
    await log.append(0, 40);
    const sizeBefore = log.writer.counters().sizeBytes;
    expect(sizeBefore).toBeGreaterThan(0);
    files.refuseWrites('ENOSPC');
    files.freeBytesNow = 0;
    const stored = new Promise<void>((resolve) => log.writer.append(testRecord(40), resolve));
    while (!log.writer.isBlocked) await new Promise<void>((resolve) => setImmediate(resolve));
    files.refuseWrites(undefined);
    await log.writer.trim('consumer', 40);
    while (log.writer.counters().sizeBytes > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    files.freeBytesNow = 1 << 30;
    await stored;
    expect((await log.readAll('40')).records).toEqual(range(40, 41));
    await log.writer.close();
    const again = await TestLog.open(directory, {}, { readers: new Map([['consumer', 40]]) });
    expect(again.writer.recovered.lastReceivedAtNs).toBe(testRecord(40).receivedAtNs);
    await again.writer.close();
  });

  it('keeps the newest receive time and the sequence when every segment is gone', async () => {
    const directory = tempDirectory();
    const files = new FailingLogFiles();
    const log = await TestLog.open(directory, {}, { files, retryMs: 0, readers: new Map([['consumer', 0]]) });
    await log.append(0, 40);
    files.refuseWrites('ENOSPC');
    files.freeBytesNow = 0;
    log.writer.append(testRecord(40), () => undefined);
    while (!log.writer.isBlocked) await new Promise<void>((resolve) => setImmediate(resolve));
    await log.writer.trim('consumer', 40);
    while (log.writer.counters().sizeBytes > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    await log.writer.close();
    const again = await TestLog.open(directory);
    expect(again.writer.durableSequence).toBe(40);
    expect(again.writer.recovered.lastReceivedAtNs).toBe(testRecord(39).receivedAtNs);
    await again.writer.close();
  });

  it('drops the oldest segment with drop-oldest, and the segment being written when there is no other', async () => {
    const directory = tempDirectory();
    const files = new FailingLogFiles();
    const pressure: LogPressure[] = [];
    const log = await TestLog.open(
      directory,
      { whenFull: 'drop-oldest' },
      { files, retryMs: 0, onPressure: (p) => pressure.push(p), readers: new Map([['consumer', 0]]) },
    );
    await log.append(0, 40);
    files.refuseWrites('ENOSPC', 1);
    await log.append(40, 50);
    expect(pressure).toEqual([
      expect.objectContaining({ kind: 'dropped', records: 40, missed: { consumer: 40 } }) as LogPressure,
    ]);
    expect(log.failures).toEqual([]);
    const all = await log.readAll('0');
    expect(all).toMatchObject({ dropped: 40, damaged: 0 });
    expect(all.records).toEqual(range(40, 50));
    await log.writer.close();
  });
});

it('a segment that is deleted gives its room back at once, also while a reader has it open', async () => {
  const directory = tempDirectory();
  const log = await TestLog.open(directory, SMALL, { readers: new Map([['consumer', 0]]) });
  await log.append(0, RECORDS);
  const oldest = readdirSync(directory).filter((name) => name.endsWith('.seg'))[0]!;
  // A second name keeps the file, as an open descriptor does.
  const kept = join(tempDirectory(), 'kept');
  linkSync(join(directory, oldest), kept);
  await log.writer.trim('consumer', RECORDS);
  expect(readdirSync(directory)).not.toContain(oldest);
  expect(statSync(kept).size).toBe(0);
  await log.writer.close();
});
