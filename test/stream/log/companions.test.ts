import { describe, expect, it } from 'vitest';
import type { CommitCompanion } from '../../../src/lib/commit-companion.js';
import { SluiceError } from '../../../src/lib/errors.js';
import { Journal } from '../../../src/lib/journal/journal.js';
import type { LogPressure } from '../../../src/stream/log/size-limit.js';
import { FailingLogFiles } from '../../support/failing-log-files.js';
import { TestLog, testRecord } from '../../support/log-fixture.js';
import { MemoryJournalFiles } from '../../support/memory-journal-files.js';
import { tempDirectory } from '../../support/temp-directory.js';

/** A companion whose commits end when the test says so. */
class HeldCompanion implements CommitCompanion {
  hasPending = false;
  commits = 0;
  #ends: { resolve(): void; reject(thrown: unknown): void }[] = [];

  commit(): Promise<void> {
    this.commits += 1;
    return new Promise((resolve, reject) => this.#ends.push({ resolve, reject }));
  }

  end(failure?: unknown): void {
    if (failure === undefined) this.hasPending = false;
    for (const { resolve, reject } of this.#ends.splice(0))
      failure === undefined ? resolve() : reject(failure);
  }
}

const turns = async (count = 30) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const until = async (isTrue: () => boolean) => {
  while (!isTrue()) await turns(1);
};
const noRoom = () => Object.assign(new Error('ENOSPC: refused'), { code: 'ENOSPC' });

describe('LogWriter with companions', () => {
  it('answers when the companion is durable, too', async () => {
    const companion = new HeldCompanion();
    const files = new FailingLogFiles();
    const log = await TestLog.open(tempDirectory(), {}, { companions: [companion], files });
    const answered: number[] = [];
    companion.hasPending = true;
    log.writer.append(testRecord(0), () => answered.push(0));
    log.writer.afterPending(() => answered.push(-1));
    await until(() => log.writer.durableSequence === 1);
    await turns();
    expect(companion.commits).toBe(1);
    expect(answered).toEqual([]);
    // The next batch waits, too: answers keep their order.
    log.writer.append(testRecord(1), () => answered.push(1));
    await turns();
    expect(answered).toEqual([]);
    companion.end();
    await until(() => answered.length === 3);
    expect(answered).toEqual([0, -1, 1]);
    expect(companion.commits).toBe(1);
    await log.writer.close();
  });

  it('answers what came in the tick of an entry of a journal only when the entry is there after a power cut', async () => {
    const files = new MemoryJournalFiles();
    const open = (on: MemoryJournalFiles, entries: string[]) =>
      Journal.open({
        directory: '/retained',
        format: 1,
        onEntry: (entry) => entries.push(entry.toString()),
        snapshot: () => [],
        liveBytes: () => 1e9,
        maxBytes: 1e9,
        onFailure: (failure) => expect(failure).toBeUndefined(),
        files: on,
      });
    const journal = await open(files, []);
    const log = await TestLog.open(
      tempDirectory(),
      {},
      { companions: [journal], files: new FailingLogFiles() },
    );
    let answered = 0;
    for (let n = 0; n < 50; n += 1) {
      log.writer.append(testRecord(n), () => {
        answered += 1;
        // What is durable is read while nothing else runs.
        const bytes = files.afterPowerCut(0, false).bytesOf('/retained/state.journal');
        expect(bytes?.includes(`entry ${n};`)).toBe(true);
      });
      journal.append(Buffer.from(`entry ${n};`));
      if (n % 3 === 0) await turns(1);
    }
    await until(() => answered === 50);
    await log.writer.close();
    const entries: string[] = [];
    await open(files.afterPowerCut(0, false), entries);
    expect(entries).toHaveLength(50);
  });

  it('does not ask a companion that has nothing pending', async () => {
    const companion = new HeldCompanion();
    const log = await TestLog.open(tempDirectory(), {}, { companions: [companion] });
    await log.append(0, 10);
    expect(companion.commits).toBe(0);
    await log.writer.close();
  });

  it('ends with the failure of a companion, and answers nothing any more', async () => {
    const companion = new HeldCompanion();
    const log = await TestLog.open(tempDirectory(), {}, { companions: [companion] });
    let answered = 0;
    companion.hasPending = true;
    log.writer.append(testRecord(0), () => {
      answered += 1;
    });
    await until(() => companion.commits === 1);
    const failure = new SluiceError('JOURNAL_FAILED', 'by the test');
    companion.end(failure);
    await until(() => log.failures.length > 0);
    await turns();
    expect(log.failures).toEqual([failure]);
    expect(answered).toBe(0);
    expect(() => log.writer.append(testRecord(1), () => undefined)).toThrow();
    await log.writer.close();
  });

  it.each([
    ['first', 0],
    ['afterwards', 1],
  ])(
    'waits for room for a companion, and writes the batch once (the log is durable %s)',
    async (_, atEnd) => {
      const companion = new HeldCompanion();
      const pressure: LogPressure['kind'][] = [];
      const files = new FailingLogFiles();
      const log = await TestLog.open(
        tempDirectory(),
        {},
        { companions: [companion], files, retryMs: 1, onPressure: ({ kind }) => pressure.push(kind) },
      );
      let answered = 0;
      companion.hasPending = true;
      log.writer.append(testRecord(0), () => {
        answered += 1;
      });
      await until(() => companion.commits === 1);
      if (atEnd === 1) await until(() => log.writer.durableSequence === 1);
      companion.end(noRoom());
      await until(() => log.writer.isBlocked);
      log.writer.append(testRecord(1), () => {
        answered += 1;
      });
      await until(() => companion.commits === 2);
      companion.end(noRoom());
      await until(() => companion.commits === 3);
      expect(answered).toBe(0);
      companion.end();
      await until(() => answered === 2);
      expect(pressure).toEqual(['disk-full', 'unblocked']);
      expect(log.failures).toEqual([]);
      expect(log.writer.durableSequence).toBe(2);
      expect((await log.readAll()).records).toHaveLength(2);
      await log.writer.close();
    },
  );

  it('waits for both when neither the log nor the companion has room', async () => {
    const companion = new HeldCompanion();
    const files = new FailingLogFiles();
    const log = await TestLog.open(tempDirectory(), {}, { companions: [companion], files, retryMs: 1 });
    let answered = 0;
    files.refuseWrites('ENOSPC', 2);
    companion.hasPending = true;
    log.writer.append(testRecord(0), () => {
      answered += 1;
    });
    for (let commit = 1; commit <= 3; commit += 1) {
      await until(() => companion.commits === commit);
      await turns();
      expect(answered).toBe(0);
      companion.end(commit < 3 ? noRoom() : undefined);
    }
    await until(() => answered === 1);
    expect(log.failures).toEqual([]);
    await log.writer.close();
  });

  it('drops the oldest records for a companion only where the disk itself is full', async () => {
    for (const [freeBytes, drops] of [
      [0, true],
      [1e9, false],
    ] as const) {
      const companion = new HeldCompanion();
      const files = new FailingLogFiles();
      const log = await TestLog.open(
        tempDirectory(),
        { whenFull: 'drop-oldest', segmentSizeBytes: 800 },
        { companions: [companion], files, retryMs: 1, readers: new Map([['consumer', 0]]) },
      );
      await log.append(0, 100);
      files.freeBytesNow = freeBytes;
      companion.hasPending = true;
      let answered = 0;
      log.writer.append(testRecord(100), () => {
        answered += 1;
      });
      await until(() => companion.commits === 1);
      companion.end(noRoom());
      if (drops) await until(() => log.writer.counters().droppedRecords > 0);
      else await until(() => log.writer.isBlocked);
      files.freeBytesNow = 1e9;
      companion.hasPending = false;
      companion.end();
      await until(() => answered === 1);
      expect(log.writer.counters().droppedRecords > 0).toBe(drops);
      await log.writer.close();
    }
  });

  it('closes although a companion has no room', async () => {
    const companion = new HeldCompanion();
    const log = await TestLog.open(tempDirectory(), {}, { companions: [companion], retryMs: 1_000_000 });
    companion.hasPending = true;
    let answered = 0;
    log.writer.append(testRecord(0), () => {
      answered += 1;
    });
    await until(() => companion.commits === 1);
    companion.end(noRoom());
    await until(() => log.writer.isBlocked);
    await log.writer.close();
    expect(answered).toBe(0);
  });
});
