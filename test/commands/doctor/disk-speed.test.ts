import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { checkDiskSpeed } from '../../../src/commands/doctor/disk-speed.js';
import { tempDirectory } from '../../support/temp-directory.js';

/** A clock that an append moves on. */
function slowDisk(tookMs: (append: number) => number) {
  let nowMs = 0;
  let appends = 0;
  return {
    nowMs: () => nowMs,
    append: async () => {
      nowMs += tookMs(appends);
      appends += 1;
    },
  };
}

test('median and worst of 50 appends, in the nearest folder that exists, which is left as it was', async () => {
  const directory = tempDirectory();
  const disk = slowDisk((append) => (append === 7 ? 45 : 2));
  expect(await checkDiskSpeed(join(directory, 'not', 'there'), disk)).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('50 appends of 4 KiB with fdatasync: median 2.00 ms, worst 45 ms'),
  });
  expect(readdirSync(directory)).toEqual([]);
});

test('warns above a median of 20 ms', async () => {
  const result = await checkDiskSpeed(
    tempDirectory(),
    slowDisk(() => 21),
  );
  expect(result).toMatchObject({ state: 'warn', found: expect.stringContaining('median 21 ms') });
  expect(
    (
      await checkDiskSpeed(
        tempDirectory(),
        slowDisk(() => 20),
      )
    ).state,
  ).toBe('ok');
});

test('a very slow disk is judged by fewer appends', async () => {
  const result = await checkDiskSpeed(
    tempDirectory(),
    slowDisk(() => 1_000),
  );
  expect(result.found).toContain('3 appends');
});

test('an error of the disk rejects, and the temporary file and the signal listeners are gone', async () => {
  const directory = tempDirectory();
  const listeners = process.listenerCount('SIGTERM');
  let appends = 0;
  const append = async () => {
    expect(process.listenerCount('SIGTERM')).toBe(listeners + 1);
    appends += 1;
    if (appends === 3) throw new Error('EIO: i/o error, fdatasync');
  };
  await expect(checkDiskSpeed(directory, { append, nowMs: () => 0 })).rejects.toThrow('EIO');
  expect(readdirSync(directory)).toEqual([]);
  expect(process.listenerCount('SIGTERM')).toBe(listeners);
});

test('a signal that ends the process takes the temporary file along', async () => {
  const directory = tempDirectory();
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  onTestFinished(() => kill.mockRestore());
  let appends = 0;
  const append = async () => {
    appends += 1;
    if (appends !== 3) return;
    expect(readdirSync(directory)).toHaveLength(1);
    process.emit('SIGTERM', 'SIGTERM');
    expect(readdirSync(directory)).toEqual([]);
  };
  await checkDiskSpeed(directory, { append, nowMs: () => 0 });
  expect(kill.mock.calls).toEqual([[process.pid, 'SIGTERM']]);
});
