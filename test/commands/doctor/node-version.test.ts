import { expect, test } from 'vitest';
import { checkNodeVersion } from '../../../src/commands/doctor/node-version.js';

test.each([
  ['20.19.0', 'ok'],
  ['22.1.0', 'ok'],
  ['20.18.3', 'warn'],
  ['18.20.4', 'warn'],
] as const)('Node %s', (version, state) => {
  expect(checkNodeVersion(version)).toMatchObject({ state, found: expect.stringContaining(version) });
});
