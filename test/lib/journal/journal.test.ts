import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isNoRoom } from '../../../src/lib/disk-room.js';
import type { SluiceError } from '../../../src/lib/errors.js';
import { Journal, type JournalOptions } from '../../../src/lib/journal/journal.js';
import { encodeEntry, encodeHeader, HEADER_BYTES } from '../../../src/lib/journal/journal-frame.js';
import { MemoryJournalFiles } from '../../support/memory-journal-files.js';
import { tempDirectory } from '../../support/temp-directory.js';

const DIRECTORY = '/journal';
const FILE = '/journal/state.journal';

interface Opened {
  readonly journal: Journal;
  readonly entries: string[];
  readonly failures: SluiceError[];
}

/** Opens a journal whose state is the list of its entries, or `live` of them. */
async function open(
  given: Partial<JournalOptions> & { readonly live?: () => readonly string[] } = {},
): Promise<Opened> {
  const entries: string[] = [];
  const failures: SluiceError[] = [];
  const live = given.live ?? (() => entries);
  const journal = await Journal.open({
    directory: DIRECTORY,
    format: 1,
    onEntry: (entry) => entries.push(entry.toString()),
    snapshot: () => live().map((entry) => Buffer.from(entry)),
    liveBytes: () => live().reduce((sum, entry) => sum + entry.length, 0),
    maxBytes: 1_000_000_000,
    onFailure: (failure) => failures.push(failure),
    retryMs: 5,
    ...given,
  });
  return { journal, entries, failures };
}

async function write(files: MemoryJournalFiles, ...entries: readonly string[]): Promise<void> {
  const { journal } = await open({ files });
  for (const entry of entries) journal.append(Buffer.from(entry));
  await journal.close();
}

const many = (count: number, length = 10) =>
  Array.from({ length: count }, (_, number) => String(number).padStart(length, '.'));

describe('Journal', () => {
  it('makes one file on a disk, for its user alone, and replays it', async () => {
    const directory = join(tempDirectory(), 'retained');
    const { journal } = await open({ directory });
    journal.append(Buffer.from('one'));
    journal.append(Buffer.alloc(3_000_000, 'x'));
    expect(journal.hasPending).toBe(true);
    await journal.commit();
    expect(journal.hasPending).toBe(false);
    journal.append(Buffer.from(''));
    await journal.close();
    expect(readdirSync(directory)).toEqual(['state.journal']);
    expect(statSync(join(directory, 'state.journal')).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const again = await open({ directory });
    expect(again.entries.map((entry) => entry.length)).toEqual([3, 3_000_000, 0]);
    expect(again.journal.recovered).toMatchObject({ entries: 3, tornBytes: 0, damage: undefined });
    await again.journal.close();
  });

  it('shares one sync among all that wait for the commit after the present one', async () => {
    const files = new MemoryJournalFiles();
    const { journal } = await open({ files });
    const before = files.syncs;
    journal.append(Buffer.from('first'));
    const first = journal.commit();
    await Promise.resolve();
    const later = ['second', 'third', 'fourth'].map((entry) => {
      journal.append(Buffer.from(entry));
      return journal.commit();
    });
    await Promise.all([first, ...later]);
    expect(files.syncs - before).toBe(2);
    await journal.commit();
    expect(files.syncs - before).toBe(2);
  });

  it('drops a cut tail at every byte, and goes on behind the last whole entry', async () => {
    const files = new MemoryJournalFiles();
    await write(files, 'one', 'two', 'three');
    const whole = files.bytesOf(FILE)!;
    for (let length = HEADER_BYTES; length < whole.length; length += 1) {
      files.change(FILE, whole.subarray(0, length));
      const { journal, entries } = await open({ files });
      const kept = [19, 38, 59].filter((end) => HEADER_BYTES + end <= length).length;
      expect(entries).toEqual(['one', 'two', 'three'].slice(0, kept));
      expect(journal.recovered.damage).toBeUndefined();
      journal.append(Buffer.from('next'));
      await journal.close();
      expect((await open({ files })).entries).toEqual([...entries, 'next']);
    }
  });

  it('keeps what is before and behind damage at any byte, reports it once, and writes it out of the file', async () => {
    const files = new MemoryJournalFiles();
    await write(files, 'one', 'two', 'three');
    const whole = files.bytesOf(FILE)!;
    for (let at = HEADER_BYTES + 19; at < HEADER_BYTES + 38; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 0x41;
      files.change(FILE, bytes);
      const { journal, entries } = await open({ files });
      expect(entries).toEqual(['one', 'three']);
      expect(journal.recovered.damage).toEqual({ byteOffset: HEADER_BYTES + 19, bytes: 19, places: 1 });
      entries.push('four');
      journal.append(Buffer.from('four'));
      await journal.commit();
      await compacted(journal);
      await journal.close();
      const again = await open({ files });
      expect(again.entries).toEqual(['one', 'three', 'four']);
      expect(again.journal.recovered.damage).toBeUndefined();
    }
  });

  it('finds entries behind damage that is longer than what it reads at once', async () => {
    const files = new MemoryJournalFiles();
    await write(files, 'one', 'x'.repeat(5_000_000), 'y'.repeat(2_500_000), 'last');
    const bytes = files.bytesOf(FILE)!;
    bytes.fill(0x53, HEADER_BYTES + 19, HEADER_BYTES + 19 + 5_000_016);
    files.change(FILE, bytes);
    const { entries, journal } = await open({ files });
    expect(entries.map((entry) => entry.length)).toEqual([3, 2_500_000, 4]);
    expect(journal.recovered.damage).toEqual({
      byteOffset: HEADER_BYTES + 19,
      bytes: 5_000_016,
      places: 1,
    });
  });

  it('takes nothing for an entry that a client has put into one', async () => {
    const files = new MemoryJournalFiles();
    const forged = Buffer.alloc(22);
    encodeEntry(forged, 0, Buffer.from('forged'), 0);
    const { journal } = await open({ files });
    journal.append(forged);
    journal.append(Buffer.from('last'));
    await journal.close();
    const bytes = files.bytesOf(FILE)!;
    bytes[HEADER_BYTES]! ^= 0xff;
    files.change(FILE, bytes);
    expect((await open({ files })).entries).toEqual(['last']);
  });

  it('refuses a file of a newer version before it changes anything', async () => {
    for (const header of [
      { layout: 2, format: 1, salt: 1 },
      { layout: 1, format: 2, salt: 1 },
    ]) {
      const directory = join(tempDirectory(), 'retained');
      mkdirSync(directory);
      const bytes = Buffer.concat([encodeHeader(header), Buffer.from('unknown')]);
      writeFileSync(join(directory, 'state.journal'), bytes);
      writeFileSync(join(directory, 'state.journal.next'), 'a compaction of that version');
      await expect(open({ directory })).rejects.toMatchObject({
        code: 'DATA_DIRECTORY_MISMATCH',
        exitCode: 2,
      });
      expect(readFileSync(join(directory, 'state.journal'))).toEqual(bytes);
      expect(readdirSync(directory).sort()).toEqual(['state.journal', 'state.journal.next']);
    }
  });

  it('marks a file of an older format as its own, so that the older version does not read it again', async () => {
    const files = new MemoryJournalFiles();
    await write(files, 'one');
    const { journal, entries } = await open({ files, format: 2 });
    expect(entries).toEqual(['one']);
    await journal.close();
    await expect(open({ files })).rejects.toMatchObject({ code: 'DATA_DIRECTORY_MISMATCH' });
  });

  it('archives a file with a damaged header', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('SLJN'), Buffer.alloc(500, 'no journal')]) {
      const files = new MemoryJournalFiles();
      files.change(FILE, bytes);
      const { journal, entries } = await open({ files });
      expect(entries).toEqual([]);
      expect(journal.recovered.archivedAs).toBe('/journal/state.journal.damaged');
      expect(files.bytesOf('/journal/state.journal.damaged')).toEqual(bytes);
      await write(files, 'one');
      expect((await open({ files })).entries).toEqual(['one']);
    }
  });

  it('keeps its entries while the disk is full, and answers when there is room', async () => {
    const files = new MemoryJournalFiles();
    const { journal, failures } = await open({ files });
    files.refuse = (_, what) => (what.startsWith('write') ? 'ENOSPC' : undefined);
    journal.append(Buffer.from('one'));
    await expect(journal.commit()).rejects.toSatisfy(isNoRoom);
    expect(journal.hasPending).toBe(true);
    journal.append(Buffer.from('two'));
    let isDurable = false;
    const durable = new Promise<void>((resolve) => journal.whenDurable(resolve)).then(() => {
      isDurable = true;
    });
    await expect(journal.commit()).rejects.toSatisfy(isNoRoom);
    expect(isDurable).toBe(false);
    files.refuse = () => undefined;
    await durable;
    expect(failures).toEqual([]);
    expect((await open({ files: files.afterPowerCut(0, false) })).entries).toEqual(['one', 'two']);
  });

  it('writes nothing any more after another failure, and reports it once', async () => {
    for (const call of ['write', 'fdatasync']) {
      const files = new MemoryJournalFiles();
      const { journal, failures } = await open({ files });
      files.refuse = (_, what) => (what.startsWith(call) ? 'EIO' : undefined);
      journal.append(Buffer.from('one'));
      await expect(journal.commit()).rejects.toMatchObject({ code: 'JOURNAL_FAILED', exitCode: 1 });
      files.refuse = () => undefined;
      const { writes } = files;
      await expect(journal.commit()).rejects.toMatchObject({ code: 'JOURNAL_FAILED' });
      await journal.close();
      expect(files.writes).toBe(writes);
      expect(failures).toHaveLength(1);
    }
  });

  it('is replaced by a snapshot once it is twice as long, with what is appended meanwhile', async () => {
    const files = new MemoryJournalFiles();
    const state: string[] = [];
    const { journal } = await open({ files, live: () => state, compactFromBytes: 10_000 });
    for (const entry of many(2000, 100)) {
      state.splice(0, state.length, ...state.slice(-9), entry);
      journal.append(Buffer.from(entry));
      await journal.commit();
      await turn();
    }
    await compacted(journal);
    expect(journal.compactions).toBeGreaterThan(5);
    expect(journal.sizeBytes).toBeLessThan(40_000);
    await journal.close();
    const { entries } = await open({ files });
    expect(entries.slice(-10)).toEqual(state);
  });

  it('is not replaced again and again when its state is long', async () => {
    const files = new MemoryJournalFiles();
    const state: string[] = [];
    const { journal } = await open({ files, live: () => state, compactFromBytes: 1000 });
    for (const entry of many(500, 100)) {
      state.push(entry);
      journal.append(Buffer.from(entry));
      await journal.commit();
    }
    expect(journal.compactions).toBe(0);
  });

  it('makes commits wait for a compaction at its bound, and takes no more when there is no room for one', async () => {
    const files = new MemoryJournalFiles();
    const { journal } = await open({ files, live: () => [], compactFromBytes: 1000, maxBytes: 2000 });
    const hasNoRoom = (path: string) => (_: number, what: string) =>
      what === `write ${path}` ? 'ENOSPC' : undefined;
    files.refuse = hasNoRoom(`${FILE}.next`);
    let refused = 0;
    for (const entry of many(40, 100)) {
      journal.append(Buffer.from(entry));
      await journal.commit().catch((thrown: unknown) => {
        expect(isNoRoom(thrown)).toBe(true);
        refused += 1;
      });
    }
    expect(refused).toBeGreaterThan(10);
    expect(journal.sizeBytes).toBeLessThan(2200);
    expect(journal.compactions).toBe(0);
    files.refuse = () => undefined;
    await journal.commit();
    expect(journal.hasPending).toBe(false);
    expect(journal.compactions).toBe(1);
  });

  it('goes on with a state that is longer than its bound', async () => {
    const files = new MemoryJournalFiles();
    const state = many(100, 100);
    await write(files, ...state);
    const { journal } = await open({ files, live: () => state, compactFromBytes: 1000, maxBytes: 2000 });
    for (const entry of many(400, 100)) {
      journal.append(Buffer.from(entry));
      await journal.commit();
      await turn();
    }
    expect(journal.hasPending).toBe(false);
    expect(journal.sizeBytes).toBeLessThan(40_000);
    expect(journal.compactions).toBeGreaterThan(0);
  });

  it('gives up a compaction when it is closed', async () => {
    const files = new MemoryJournalFiles();
    const state = many(3000, 1000);
    const { journal } = await open({ files, live: () => state, compactFromBytes: 1000 });
    for (const entry of [...state, ...state, ...state]) journal.append(Buffer.from(entry));
    await journal.commit();
    await journal.close();
    expect(files.paths).toEqual([FILE]);
    expect((await open({ files })).entries).toHaveLength(9000);
  });
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Resolves when no compaction is under way. */
async function compacted(journal: Journal): Promise<void> {
  for (let before = -1; before !== journal.compactions; ) {
    before = journal.compactions;
    for (let turns = 0; turns < 50; turns += 1) await turn();
  }
}
