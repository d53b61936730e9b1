import { expect, test } from 'vitest';
import { Turns } from '../src/turns.js';

test('work runs one after the other in the order it was given, also behind a failure', async () => {
  const turns = new Turns();
  const steps: string[] = [];
  const work = (name: string, fails = false) =>
    turns.take(async () => {
      steps.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      steps.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const first = work('a', true);
  const second = work('b');
  await expect(first).rejects.toThrow('a');
  expect(await second).toBe('b');
  await turns.idle();
  expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});
