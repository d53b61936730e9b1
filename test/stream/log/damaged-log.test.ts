import { readdirSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOG_NOTE_FILE } from '../../../src/stream/log/log-note.js';
import { FailingLogFiles } from '../../support/failing-log-files.js';
import { TestLog, testRecord } from '../../support/log-fixture.js';
import { tempDirectory } from '../../support/temp-directory.js';

const SMALL = { segmentSizeBytes: 400 };
const RECORDS = 24;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => testRecord(from + i));

/** A log of several segments that was stopped in good order. */
async function stoppedLog(): Promise<string> {
  const directory = tempDirectory();
  const log = await TestLog.open(directory, SMALL, { files: new FailingLogFiles() });
  for (let n = 0; n < RECORDS; n += 4) await log.append(n, n + 4);
  await log.writer.close();
  return directory;
}

function segmentsOf(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.seg'))
    .sort();
}

/** Offsets in the bytes where a record begins. */
function startsOf(bytes: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 0; at < bytes.length; at += 20 + bytes.readUInt32LE(at + 8)) starts.push(at);
  return starts;
}

async function readAgain(directory: string, options = {}) {
  const log = await TestLog.open(
    directory,
    { ...SMALL, ...options },
    { files: new FailingLogFiles(), readers: new Map([['consumer', 0]]) },
  );
  const all = await log.readAll('0', { seat: 0 });
  const { durableSequence, recovered } = log.writer;
  await log.writer.close();
  return { ...all, received: durableSequence, recovered };
}

function expectBalance(found: Awaited<ReturnType<typeof readAgain>>): void {
  expect(found.dropped).toBe(0);
  expect(found.records.length + found.damaged).toBe(found.received);
  expect(found.damage.reduce((sum, { records }) => sum + records, 0)).toBe(found.damaged);
}

describe('damage in a closed segment', () => {
  it('is named with its file, place and number of records', async () => {
    const directory = await stoppedLog();
    const name = segmentsOf(directory)[1]!;
    const base = Number(name.slice(0, 16));
    const bytes = readFileSync(join(directory, name));
    const starts = startsOf(bytes);
    bytes[starts[1]! + 25]! ^= 1;
    writeFileSync(join(directory, name), bytes);
    const found = await readAgain(directory);
    expect(found.damage).toEqual([
      { fileName: name, byteOffset: starts[1], firstSequence: base + 1, records: 1 },
    ]);
    expect(found.records).toEqual([...range(0, base + 1), ...range(base + 2, RECORDS)]);
    expectBalance(found);
  });

  it('is one report a file, however many places are damaged', async () => {
    const directory = await stoppedLog();
    const [first, second] = segmentsOf(directory);
    for (const name of [first!, second!]) {
      const bytes = readFileSync(join(directory, name));
      for (const start of startsOf(bytes).filter((_, i) => i % 2 === 0)) bytes[start + 22]! ^= 0x10;
      writeFileSync(join(directory, name), bytes);
    }
    const found = await readAgain(directory);
    expect(found.damage.map(({ fileName }) => fileName)).toEqual([first, second]);
    expectBalance(found);
  });

  it.each([0, 1, 2])(
    'counts a removed segment (the %i. of the log), and names what is missing',
    async (index) => {
      const directory = await stoppedLog();
      const names = segmentsOf(directory);
      const [from, to] = [names[index]!, names[index + 1]!].map((name) => Number(name.slice(0, 16)));
      unlinkSync(join(directory, names[index]!));
      const found = await readAgain(directory);
      expect(found.damage).toHaveLength(1);
      expect(found.damage[0]).toMatchObject({ firstSequence: from, records: to! - from! });
      expect(found.damage[0]!.fileName).toMatch(/\.seg$/);
      expect(found.records).toEqual([...range(0, from!), ...range(to!, RECORDS)]);
      expectBalance(found);
    },
  );

  it('costs no record but the cut ones, wherever any segment is cut', async () => {
    const directory = await stoppedLog();
    for (const name of segmentsOf(directory)) {
      const path = join(directory, name);
      const whole = readFileSync(path);
      const starts = startsOf(whole);
      const base = Number(name.slice(0, 16));
      for (let length = 0; length < whole.length; length += 7) {
        const copy = tempDirectory();
        for (const file of readdirSync(directory)) {
          writeFileSync(join(copy, file), readFileSync(join(directory, file)));
        }
        truncateSync(join(copy, name), length);
        const found = await readAgain(copy, { cleanEndSequence: RECORDS });
        const kept = starts.filter((_, i) => (starts[i + 1] ?? whole.length) <= length).length;
        expect(found.received).toBe(RECORDS);
        expect(found.records).toEqual([...range(0, base + kept), ...range(base + starts.length, RECORDS)]);
        expect(found.damage).toHaveLength(1);
        expect(found.damage[0]!.fileName).toMatch(/\.seg$/);
        expectBalance(found);
      }
    }
  });

  it('costs one record, wherever one bit of any segment is flipped', async () => {
    const directory = await stoppedLog();
    for (const name of segmentsOf(directory)) {
      const path = join(directory, name);
      const whole = readFileSync(path);
      const starts = startsOf(whole);
      const base = Number(name.slice(0, 16));
      for (let at = 0; at < whole.length; at += 5) {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= 1 << (at % 8);
        writeFileSync(path, bytes);
        const found = await readAgain(directory, { cleanEndSequence: RECORDS });
        const hit = base + starts.findLastIndex((start) => start <= at);
        expect(found.received).toBe(RECORDS);
        expect(found.records, `${name} ${at}`).toEqual([...range(0, hit), ...range(hit + 1, RECORDS)]);
        expect(found.damage).toEqual([
          { fileName: name, byteOffset: starts[hit - base], firstSequence: hit, records: 1 },
        ]);
        expectBalance(found);
      }
      writeFileSync(path, whole);
    }
  });
});

describe('the end of a log', () => {
  async function withDamagedEnd(): Promise<{ directory: string; name: string; at: number }> {
    const directory = await stoppedLog();
    const name = segmentsOf(directory).at(-1)!;
    const bytes = readFileSync(join(directory, name));
    const at = startsOf(bytes).at(-1)!;
    bytes[at + 30]! ^= 4;
    writeFileSync(join(directory, name), bytes);
    return { directory, name, at };
  }

  it('that is damaged after a clean stop is damage: received does not shrink, and the file is named', async () => {
    const { directory, name, at } = await withDamagedEnd();
    const found = await readAgain(directory, { cleanEndSequence: RECORDS });
    expect(found.recovered.tornBytes).toBe(0);
    expect(found.received).toBe(RECORDS);
    expect(found.damage).toEqual([
      { fileName: name, byteOffset: at, firstSequence: RECORDS - 1, records: 1 },
    ]);
    expect(found.records).toEqual(range(0, RECORDS - 1));
  });

  it('that is damaged after a crash is an unfinished write, which is cut off', async () => {
    const { directory, name } = await withDamagedEnd();
    const found = await readAgain(directory);
    expect(found.recovered).toMatchObject({ tornFile: name });
    expect(found).toMatchObject({ received: RECORDS - 1, damaged: 0, damage: [] });
  });

  it('is no unfinished write when a later start has begun a new segment behind it', async () => {
    const directory = await stoppedLog();
    const idle = await TestLog.open(directory, SMALL);
    await idle.writer.close();
    const [name] = segmentsOf(directory).slice(-2);
    const bytes = readFileSync(join(directory, name!));
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(join(directory, name!), bytes);
    const found = await readAgain(directory);
    expect(found.recovered.tornBytes).toBe(0);
    expect(found).toMatchObject({ received: RECORDS, damaged: 1 });
    expect(found.damage[0]).toMatchObject({ fileName: name, records: 1 });
  });

  it('is where it was although every segment is gone', async () => {
    const directory = await stoppedLog();
    for (const name of segmentsOf(directory)) unlinkSync(join(directory, name));
    const found = await readAgain(directory, { cleanEndSequence: RECORDS });
    expect(found).toMatchObject({ received: RECORDS, damaged: RECORDS, records: [] });
    expect(found.damage).toHaveLength(1);
  });
});

describe('the note on deleted segments', () => {
  it('keeps apart what the log has deleted and what somebody has removed', async () => {
    const directory = tempDirectory();
    const log = await TestLog.open(directory, SMALL, {
      files: new FailingLogFiles(),
      readers: new Map([['consumer', 0]]),
    });
    for (let n = 0; n < 40; n += 4) await log.append(n, n + 4);
    await log.writer.trim('consumer', 20);
    await log.writer.close();
    const [first, second] = segmentsOf(directory);
    const oldest = Number(first!.slice(0, 16));
    expect(oldest).toBeGreaterThan(0);
    unlinkSync(join(directory, first!));
    const again = await TestLog.open(directory, SMALL, { readers: new Map([['consumer', oldest]]) });
    const all = await again.readAll(String(oldest), { seat: 0 });
    expect(all).toMatchObject({ dropped: 0, damaged: Number(second!.slice(0, 16)) - oldest });
    await again.writer.close();
  });

  it('can be damaged or missing: the log opens, and what is not there counts as dropped', async () => {
    const directory = await stoppedLog();
    const path = join(directory, LOG_NOTE_FILE);
    const whole = readFileSync(path);
    for (const bytes of [whole.subarray(0, 11), Buffer.from(whole.map((byte) => byte ^ 1)), undefined]) {
      if (bytes === undefined) unlinkSync(path);
      else writeFileSync(path, bytes);
      const found = await readAgain(directory);
      expect(found.recovered.note).toBe(bytes === undefined ? 'new' : 'damaged');
      expect(found.records).toEqual(range(0, RECORDS));
      expect(readFileSync(path)).toHaveLength(whole.length);
    }
  });
});
