import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { archiveParked } from '../../src/replay/archive-parked.js';
import { tempDirectory } from '../support/temp-directory.js';

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const hasLedger = (folder: string) => folder !== '';

it('two archives of one second are both kept: their files have the same names', async () => {
  const directory = tempDirectory();
  const archives: string[] = [];
  for (const text of ['first\n', 'second\n']) {
    writeFileSync(join(directory, 'parked-00000000.jsonl'), text);
    archives.push(...(await archiveParked(directory, hasLedger, NOW_MS)));
  }
  expect(archives).toHaveLength(2);
  expect(archives.map((path) => readFileSync(join(path, 'parked-00000000.jsonl'), 'utf8'))).toEqual([
    'first\n',
    'second\n',
  ]);
});

it('a process that ended before its first checkpoint has left nothing to archive', async () => {
  const directory = tempDirectory();
  writeFileSync(join(directory, 'parked-00000000.jsonl'), '');
  expect(await archiveParked(directory, hasLedger, NOW_MS)).toEqual([]);
  expect(readdirSync(directory)).toEqual(['parked-00000000.jsonl']);
});
