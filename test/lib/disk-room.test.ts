import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  isNoRoom,
  makeReserve,
  RESERVE_BYTES,
  RESERVE_FILE,
  releaseReserve,
  withReserve,
} from '../../src/lib/disk-room.js';
import { tempDirectory } from '../support/temp-directory.js';

const noRoom = () => Object.assign(new Error('ENOSPC: no'), { code: 'ENOSPC' });

describe('no room', () => {
  it('is a full disk, a quota that Node has no name for, and a file at its limit, and nothing else', () => {
    expect(isNoRoom(noRoom())).toBe(true);
    expect(isNoRoom({ code: 'Unknown system error -122', errno: -122 })).toBe(process.platform === 'linux');
    expect(isNoRoom({ code: 'EFBIG' })).toBe(true);
    expect(isNoRoom({ code: 'EIO', errno: -5 })).toBe(false);
    expect(isNoRoom(undefined)).toBe(false);
  });
});

describe('the reserve', () => {
  it('is made with real bytes that only its owner can read, and made whole again', async () => {
    const directory = tempDirectory();
    expect(await makeReserve(directory)).toBe(true);
    const path = join(directory, RESERVE_FILE);
    expect(statSync(path).size).toBe(RESERVE_BYTES);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(path).blocks * 512).toBeGreaterThanOrEqual(RESERVE_BYTES);
    await releaseReserve(join(directory, 'checkpoints', 'x'));
    expect(statSync(path).size).toBeLessThan(RESERVE_BYTES);
    expect(await makeReserve(directory)).toBe(true);
    expect(statSync(path).size).toBe(RESERVE_BYTES);
  });

  it('gives portions of itself until the write has room, to files in any folder of the data directory', async () => {
    const directory = tempDirectory();
    const folder = join(directory, 'dead-letter', 'forwarder');
    mkdirSync(folder, { recursive: true });
    await makeReserve(directory);
    let tries = 0;
    const written = await withReserve(join(folder, 'journal'), async () => {
      tries += 1;
      if (tries < 4) throw noRoom();
      return 'done';
    });
    expect([written, tries]).toEqual(['done', 4]);
    const left = statSync(join(directory, RESERVE_FILE)).size;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(RESERVE_BYTES);
  });

  it('ends: a write that finds no room in all of it is rejected with the error of the disk', async () => {
    const directory = tempDirectory();
    await makeReserve(directory);
    await expect(withReserve(join(directory, 'x'), () => Promise.reject(noRoom()))).rejects.toThrow('ENOSPC');
    expect(statSync(join(directory, RESERVE_FILE)).size).toBe(0);
  });

  it('is not touched by another failure, nor looked for far above the file', async () => {
    const directory = tempDirectory();
    const root = join(directory, 'a', 'b', 'c');
    mkdirSync(root, { recursive: true });
    writeFileSync(join(directory, RESERVE_FILE), 'not ours');
    await expect(withReserve(join(root, 'x'), () => Promise.reject(noRoom()))).rejects.toThrow('ENOSPC');
    await makeReserve(root);
    const other = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
    await expect(withReserve(join(root, 'x'), other)).rejects.toThrow('EIO');
    expect(statSync(join(root, RESERVE_FILE)).size).toBe(RESERVE_BYTES);
    expect(statSync(join(directory, RESERVE_FILE)).size).toBe(8);
  });
});
