import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kernelBacklogLimit } from '../../../src/commands/doctor/kernel-backlog-limit.js';
import { tempDirectory } from '../../support/temp-directory.js';

test('the backlog is unknown where the kernel does not say its limit', () => {
  const file = join(tempDirectory(), 'somaxconn');
  expect(kernelBacklogLimit(file)).toBeUndefined();
  writeFileSync(file, '128\n');
  expect(kernelBacklogLimit(file)).toBe(128);
  writeFileSync(file, 'many');
  expect(kernelBacklogLimit(file)).toBeUndefined();
});
