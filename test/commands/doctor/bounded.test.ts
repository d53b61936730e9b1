import { expect, test } from 'vitest';
import { bounded } from '../../../src/commands/doctor/bounded.js';
import { ok } from '../../../src/commands/doctor/check-result.js';

test('a result comes through, also one that did not need to wait', async () => {
  expect(await bounded('x', 1_000, () => ok('x', 'right'))).toEqual(ok('x', 'right'));
});

test('a check that never ends has failed when its time is over', async () => {
  const result = await bounded('x', 20, () => new Promise(() => {}));
  expect(result).toMatchObject({ name: 'x', state: 'fail', found: 'no result within 0.02 s' });
});

test('a check that throws has failed with the text of the error', async () => {
  const thrown = await bounded('x', 1_000, () => {
    throw new Error('EIO: i/o error');
  });
  expect(thrown).toMatchObject({ name: 'x', state: 'fail', found: 'EIO: i/o error' });
});
