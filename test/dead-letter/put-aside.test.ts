import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { putAside } from '../../src/dead-letter/put-aside.js';
import { tempDirectory } from '../support/temp-directory.js';

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const isRoot = (folder: string) => folder !== '';

it('putting aside twice in one second keeps both: the files have the same names', async () => {
  const directory = tempDirectory();
  const aside: string[] = [];
  for (const text of ['first\n', 'second\n']) {
    writeFileSync(join(directory, 'parked-00000000.jsonl'), text);
    aside.push(...(await putAside(directory, isRoot, NOW_MS)));
  }
  expect(aside).toHaveLength(2);
  expect(aside.map((path) => readFileSync(join(path, 'parked-00000000.jsonl'), 'utf8'))).toEqual([
    'first\n',
    'second\n',
  ]);
});

it('a process that ended before its first checkpoint has left nothing to put aside', async () => {
  const directory = tempDirectory();
  writeFileSync(join(directory, 'parked-00000000.jsonl'), '');
  expect(await putAside(directory, isRoot, NOW_MS)).toEqual([]);
  expect(readdirSync(directory)).toEqual(['parked-00000000.jsonl']);
});
