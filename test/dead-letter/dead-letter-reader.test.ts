import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { linesFromEnd, slicesFromEnd } from '../../src/dead-letter/dead-letter-reader.js';
import { type ParkedLine, wholeLines } from '../../src/dead-letter/parked-record.js';
import { tempDirectory } from '../support/temp-directory.js';

const plain = ({ at, bytes }: ParkedLine) => `${at} ${bytes.toString()}`;

async function fromEnd(path: string, sliceBytes?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const slice of slicesFromEnd(path, sliceBytes)) {
    for (const line of linesFromEnd(slice)) lines.push(plain(line));
  }
  return lines;
}

it('reading from the end finds the same lines at the same offsets, whatever the slices are', async () => {
  const path = join(tempDirectory(), 'parked');
  const text = fc.array(fc.constantFrom('\n', 'x', 'é', 'long enough'), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 30 }), async (pieces, sliceBytes) => {
      const file = Buffer.from(pieces.join(''));
      writeFileSync(path, file);
      expect(await fromEnd(path, sliceBytes)).toEqual([...wholeLines(file)].map(plain).reverse());
    }),
    { numRuns: 400 },
  );
});

it('a line of many slices is one line', async () => {
  const path = join(tempDirectory(), 'parked');
  const long = 'y'.repeat(3_000_000);
  writeFileSync(path, `first\n${long}\nlast\n`);
  expect(await fromEnd(path)).toEqual([`${6 + long.length + 1} last`, `6 ${long}`, '0 first']);
});

it('the newest lines of a file are found without reading the rest', async () => {
  const path = join(tempDirectory(), 'parked');
  writeFileSync(path, `${'z'.repeat(99)}\n`.repeat(50_000));
  appendFileSync(path, 'newest\n');
  for await (const slice of slicesFromEnd(path)) {
    expect(slice.bytes.length).toBeLessThan(300_000);
    expect([...linesFromEnd(slice)][0]?.bytes.toString()).toBe('newest');
    break;
  }
});

it('a missing file has no lines', async () => {
  expect(await fromEnd(join(tempDirectory(), 'gone'))).toEqual([]);
});
