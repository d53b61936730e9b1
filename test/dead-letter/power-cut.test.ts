import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { putAside } from '../../src/dead-letter/put-aside.js';
import { SettledFolder } from '../../src/dead-letter/settled-folder.js';
import { SettledSums } from '../../src/dead-letter/settled-totals.js';
import { saveAbsorbed } from '../../src/dead-letter/settled-totals-file.js';
import { tempDirectory } from '../support/temp-directory.js';

/** What changes names in a directory, and what makes such changes durable, in order. */
const steps = vi.hoisted((): string[] => []);
vi.mock('../../src/sync-directory.js', () => ({
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

it('nothing is moved into a folder whose own name a power cut could take away', async () => {
  const directory = tempDirectory();
  writeFileSync(join(directory, 'parked-00000000.jsonl'), 'x\n');
  const [aside] = await putAside(directory, (folder) => folder !== '', 0);
  expect(steps).toEqual(['mkdir', `sync ${directory}`, 'rename', `sync ${aside}`, `sync ${directory}`]);
});

it('a settled file goes only when the totals that name it are durable, also those of a process killed right then', async () => {
  const directory = tempDirectory();
  await saveAbsorbed(directory, { totals: new SettledSums().totals(), removing: [3] });
  steps.length = 0;
  await (await SettledFolder.open(directory)).close();
  const sync = `sync ${directory}`;
  expect(steps).toEqual([sync, 'rm', 'rm', sync, 'rename', sync]);
});
