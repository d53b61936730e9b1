import { expect, test } from 'vitest';
import { SharedAccess } from '../../src/lib/shared-access.js';

/** Tasks that note when they begin, and end when the test says so. */
function tasks() {
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const task = (name: string) => async () => {
    log.push(`${name} began`);
    await new Promise<void>((resolve) => {
      ends.set(name, resolve);
    });
    log.push(`${name} ended`);
    return name;
  };
  return { log, task, end: (name: string) => ends.get(name)?.() };
}

test('shared tasks overlap, an exclusive one waits for them, and later ones wait for it', async () => {
  const access = new SharedAccess();
  const { log, task, end } = tasks();
  const a = access.shared(task('a'));
  const b = access.shared(task('b'));
  const alone = access.exclusive(task('alone'));
  const late = access.shared(task('late'));
  end('a');
  await a;
  expect(log).toEqual(['a began', 'b began', 'a ended']);
  end('b');
  await b;
  await expect.poll(() => log.at(-1)).toBe('alone began');
  end('alone');
  expect(await alone).toBe('alone');
  await expect.poll(() => log.at(-1)).toBe('late began');
  end('late');
  expect(await late).toBe('late');
  expect(log.slice(4)).toEqual(['alone began', 'alone ended', 'late began', 'late ended']);
});

test('a task that fails rejects for its caller and holds nothing up', async () => {
  const access = new SharedAccess();
  const fail = () => Promise.reject(new Error('no'));
  await expect(access.shared(fail)).rejects.toThrow('no');
  await expect(access.exclusive(fail)).rejects.toThrow('no');
  expect(await access.exclusive(() => Promise.resolve(1))).toBe(1);
  expect(await access.shared(() => Promise.resolve(2))).toBe(2);
});

test('no more shared tasks run at once than allowed; the next begins when one ends, in order', async () => {
  const access = new SharedAccess(2);
  const { log, task, end } = tasks();
  const all = ['a', 'b', 'c', 'd'].map((name) => access.shared(task(name)));
  await expect.poll(() => log).toEqual(['a began', 'b began']);
  end('b');
  await expect.poll(() => log.slice(2)).toEqual(['b ended', 'c began']);
  const alone = access.exclusive(task('alone'));
  end('a');
  end('c');
  await expect.poll(() => log.slice(4)).toEqual(['a ended', 'c ended', 'alone began']);
  end('alone');
  await expect.poll(() => log.at(-1)).toBe('d began');
  end('d');
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
  await alone;
});
