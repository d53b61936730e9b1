import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import * as files from '../../src/lib/files.js';
import { tempDirectory } from '../support/temp-directory.js';

/** How many calls the system still refuses, because no file descriptor is free. */
const system = vi.hoisted(() => ({ refusals: 0 }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const refusing = <Call extends (...all: never[]) => Promise<unknown>>(call: Call): Call =>
    (async (...all: Parameters<Call>) => {
      if (system.refusals > 0) {
        system.refusals -= 1;
        throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
      }
      return call(...all);
    }) as Call;
  return {
    ...real,
    copyFile: refusing(real.copyFile),
    open: refusing(real.open),
    readFile: refusing(real.readFile),
    readdir: refusing(real.readdir),
    truncate: refusing(real.truncate),
  };
});

const CALLS = {
  copyFile: (path: string) => files.copyFile(path, `${path}.copy`),
  open: async (path: string) => (await files.open(path, 'r')).close(),
  readFile: (path: string) => files.readFile(path),
  readdir: (path: string) => files.readdir(join(path, '..')),
  truncate: (path: string) => files.truncate(path, 1),
};

it.each(Object.entries(CALLS))(
  '%s waits until a file descriptor is free, and reports that it does',
  async (_name, call) => {
    const path = join(tempDirectory(), 'file');
    writeFileSync(path, 'text');
    const warnings: unknown[] = [];
    files.onFileShortage((fields) => warnings.push(fields));
    system.refusals = 2;
    await call(path);
    expect(system.refusals).toBe(0);
    expect(warnings).toMatchObject([
      { code: 'OPEN_FILES_EXHAUSTED', failures: 1 },
      { code: 'OPEN_FILES_EXHAUSTED', failures: 2 },
    ]);
  },
);
