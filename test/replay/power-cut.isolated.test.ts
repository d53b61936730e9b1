import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { ReplaySums } from '../../src/dead-letter/replay-totals.js';
import { archiveParked } from '../../src/replay/archive-parked.js';
import { JournalFolder } from '../../src/replay/journal-folder.js';
import { saveRemovedJournals } from '../../src/replay/removed-journals.js';
import { tempDirectory } from '../support/temp-directory.js';

/** What changes names in a directory, and what makes such changes durable, in order. */
const steps = vi.hoisted((): string[] => []);
vi.mock('../../src/lib/sync-directory.js', () => ({
  syncDirectory: async (path: string) => {
    steps.push(`sync ${path}`);
  },
}));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    mkdir: (...args: Parameters<typeof real.mkdir>) => {
      steps.push('mkdir');
      return real.mkdir(...args);
    },
    rename: (...args: Parameters<typeof real.rename>) => {
      steps.push('rename');
      return real.rename(...args);
    },
    rm: (...args: Parameters<typeof real.rm>) => {
      steps.push('rm');
      return real.rm(...args);
    },
  };
});
beforeEach(() => {
  steps.length = 0;
});

it('nothing is moved into an archive whose own name a power cut could undo', async () => {
  const directory = tempDirectory();
  writeFileSync(join(directory, 'parked-00000000.jsonl'), 'x\n');
  const [archive] = await archiveParked(directory, (folder) => folder !== '', 0);
  expect(steps).toEqual(['mkdir', `sync ${directory}`, 'rename', `sync ${archive}`, `sync ${directory}`]);
});

it('files are removed only when the totals that name them are durable, also after the process was killed in between', async () => {
  const directory = tempDirectory();
  await saveRemovedJournals(directory, { totals: new ReplaySums().totals(), removing: [3] });
  steps.length = 0;
  await (await JournalFolder.open(directory)).close();
  const sync = `sync ${directory}`;
  expect(steps).toEqual([sync, 'rm', 'rm', sync, 'rename', sync]);
});
