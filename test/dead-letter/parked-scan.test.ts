import { readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { type ParkedRecord, parkedRecord } from '../../src/dead-letter/parked-record.js';
import { type ScanLimits, scanParked } from '../../src/dead-letter/parked-scan.js';
import { testRecord } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';

const ANY: ScanLimits = { maxRecords: 1_000, maxBytes: Number.POSITIVE_INFINITY, maxMs: 60_000 };

const parked = (n: number, topic = 'a/b'): ParkedRecord =>
  parkedRecord(
    { ...testRecord(n), topic, payload: Buffer.alloc(20_000, 'x') },
    { code: 'rule-none', reason: `because of ${n}`, rule: n % 3 === 0 ? 'r' : undefined },
    1_700_000_000_000 + n,
  );

async function park(directory: string, records: readonly ParkedRecord[]): Promise<void> {
  const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 1 << 30 });
  // One at a time, so that the writer changes its files in between.
  for (const record of records) await writer.append([record]);
  await writer.close();
}

/** Even numbers in the dead letter itself, odd ones in the folder of the forwarder. */
async function twoFolders(): Promise<string> {
  const directory = join(tempDirectory(), 'dead-letter');
  const all = Array.from({ length: 120 }, (_, n) => parked(n, n === 7 ? 'rare' : 'a/b'));
  await park(
    directory,
    all.filter((_, n) => n % 2 === 0),
  );
  await park(
    join(directory, 'forwarder'),
    all.filter((_, n) => n % 2 === 1),
  );
  return directory;
}

async function whole(directory: string, filter: object, limits: ScanLimits) {
  const ids: string[] = [];
  let scans = 0;
  for (let after: string | undefined; ; ) {
    const { found, next } = await scanParked(directory, filter, limits, after);
    ids.push(...found.map(({ parked: { id } }) => id));
    scans += 1;
    if (next === undefined) return { ids, scans };
    after = next;
  }
}

describe('scanParked', () => {
  it('many bounded scans find what one without bounds finds, in the same order', async () => {
    const directory = await twoFolders();
    for (const filter of [{}, { rule: 'r' }, { topic: 'rare' }, { code: 'rule-none' }, { topic: 'none' }]) {
      const expected = (await listParked(directory, 1_000, filter)).map(({ id }) => id);
      expect((await whole(directory, filter, ANY)).ids).toEqual(expected);
      expect((await whole(directory, filter, { ...ANY, maxRecords: 7 })).ids).toEqual(expected);
      const small = await whole(directory, filter, { ...ANY, maxRecords: 7, maxBytes: 1 });
      expect(small.ids).toEqual(expected);
      expect(small.scans).toBeGreaterThan(5);
    }
  });

  it('reads no more than its limit and says that there is more', async () => {
    const directory = await twoFolders();
    const scan = await scanParked(directory, { topic: 'none' }, { ...ANY, maxBytes: 100_000 });
    expect(scan).toMatchObject({ found: [], isIncomplete: true, next: expect.any(String) as string });
    expect(await scanParked(directory, { topic: 'none' }, { ...ANY, maxMs: 0 })).toMatchObject({
      isIncomplete: true,
    });
    expect(await scanParked(directory, { topic: 'none' }, ANY)).toEqual({ found: [], isIncomplete: false });
  });

  it('finds a record by the cursor from a list without reading what is newer', async () => {
    const directory = await twoFolders();
    const { found } = await scanParked(directory, { topic: 'rare' }, ANY);
    const { parked: rare, cursor } = found[0]!;
    const again = await scanParked(
      directory,
      { id: rare.id },
      { ...ANY, maxRecords: 1, maxBytes: 1 },
      cursor,
    );
    expect(again.found.map(({ parked: { id } }) => id)).toEqual([rare.id]);
  });

  it('goes on inside a line that damage to line feeds has made of several', async () => {
    const directory = join(tempDirectory(), 'dead-letter');
    await park(
      directory,
      Array.from({ length: 8 }, (_, n) => parked(n)),
    );
    const path = join(directory, readdirSync(directory)[0]!);
    const bytes = readFileSync(path);
    const feeds = [...bytes.entries()].filter(([, byte]) => byte === 10).map(([at]) => at);
    // Records 2, 3 and 4 become one line, and record 3 is damaged as well.
    for (const at of [feeds[2]!, feeds[3]!, feeds[3]! - 100]) bytes[at]! ^= 1;
    writeFileSync(path, bytes);
    const damaged: number[] = [];
    const listed = await listParked(directory, 100, {}, (_path, at) => damaged.push(at));
    const expected = [7, 6, 5, 4, 2, 1, 0].map((n) => parked(n).id);
    expect(listed.map(({ id }) => id)).toEqual(expected);
    expect(damaged).toEqual([feeds[2]! + 1]);
    for (const maxBytes of [1, Number.POSITIVE_INFINITY]) {
      expect((await whole(directory, {}, { ...ANY, maxRecords: 1, maxBytes })).ids).toEqual(expected);
    }
    for (const { parked: one, cursor } of (await scanParked(directory, {}, ANY)).found) {
      const { found } = await scanParked(directory, { id: one.id }, { ...ANY, maxRecords: 1 }, cursor);
      expect(found.map(({ parked: { id } }) => id)).toEqual([one.id]);
    }
  });

  it('a cursor whose files are gone, or that is none, finds nothing and fails nothing', async () => {
    const directory = await twoFolders();
    const { next } = await scanParked(directory, {}, { ...ANY, maxRecords: 100 });
    const forwarder = join(directory, 'forwarder');
    for (const name of readdirSync(forwarder)) unlinkSync(join(forwarder, name));
    const left = await scanParked(directory, {}, ANY, next);
    expect(left.found.map(({ parked: { parkedAtMs } }) => parkedAtMs % 2)).not.toContain(1);
    for (const wrong of ['x', '!!', Buffer.from('[0,[["",-1,2]]]').toString('base64url')]) {
      expect(await scanParked(directory, {}, ANY, wrong)).toEqual({ found: [], isIncomplete: false });
    }
  });
});
