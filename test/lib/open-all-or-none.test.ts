import { expect, test } from 'vitest';
import { openAllOrNone } from '../../src/lib/open-all-or-none.js';

test('closes nothing when everything opens', async () => {
  const closed: string[] = [];
  const value = await openAllOrNone(async (opened) => {
    opened(() => closed.push('first'));
    return 'open';
  });
  expect({ value, closed }).toEqual({ value: 'open', closed: [] });
});

test('closes what was opened, the newest first and one after the other, and rejects with the first failure', async () => {
  const closed: string[] = [];
  const opening = openAllOrNone(async (opened) => {
    opened(() => closed.push('first'));
    opened(() => Promise.reject(new Error('cannot be closed')));
    opened(async () => {
      await Promise.resolve();
      closed.push('third');
    });
    throw new Error('the fourth does not open');
  });
  await expect(opening).rejects.toThrow('the fourth does not open');
  expect(closed).toEqual(['third', 'first']);
});
