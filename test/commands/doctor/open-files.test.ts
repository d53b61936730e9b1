import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkOpenFiles } from '../../../src/commands/doctor/open-files.js';
import { tempDirectory } from '../../support/temp-directory.js';

const LISTENER = { protocol: 'mqtt', host: '127.0.0.1', port: 1883 } as const;
const TWO = { maxConnections: 1_000, listeners: [LISTENER, LISTENER] };

function limits(soft: string): string {
  const file = join(tempDirectory(), 'limits');
  writeFileSync(
    file,
    `Limit                     Soft Limit           Hard Limit           Units\nMax processes             7                    7                    processes\nMax open files            ${soft.padEnd(20)} 1048576              files\n`,
  );
  return file;
}

test.each([
  ['2256', 'ok'],
  ['2255', 'warn'],
  ['unlimited', 'ok'],
] as const)('a limit of %s for two listeners of 1,000 connections', async (soft, state) => {
  expect((await checkOpenFiles(TWO, limits(soft))).state).toBe(state);
});

test('without a limits file nothing is claimed', async () => {
  const result = await checkOpenFiles(TWO, join(tempDirectory(), 'none'));
  expect(result).toMatchObject({ state: 'ok', found: expect.stringContaining('not looked at') });
});
