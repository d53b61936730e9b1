import { expect, test } from 'vitest';
import { SerialQueue } from '../../src/lib/serial-queue.js';

test('work runs one after the other in the order it was given, also behind a failure', async () => {
  const turns = new SerialQueue();
  const steps: string[] = [];
  const work = (name: string, fails = false) =>
    turns.run(async () => {
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
