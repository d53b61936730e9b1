import { chmodSync, chownSync, lchownSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dataDirectory } from '../../src/data-directory/data-directory.js';
import { connectToLockHolder, lockDataDirectory } from '../../src/data-directory/directory-lock.js';
import { trustSocket } from '../../src/data-directory/trusted-socket.js';
import { tempDirectory } from '../support/temp-directory.js';

const OTHER = 4_711;
const isRoot = process.geteuid?.() === 0;

/** A program that listens under the name of the lock, and what it got to read. */
async function squat(root: string): Promise<{ readonly path: string; readonly received: string[] }> {
  const received: string[] = [];
  const path = join(root, 'lock.7');
  const server = createServer((connection) => {
    received.push('connected');
    connection.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return { path, received };
}

describe.skipIf(process.platform === 'win32')('[access 11] [drill N3] a squatter is never spoken to', () => {
  it('in a directory that others can write to', async () => {
    const root = tempDirectory();
    const { received } = await squat(root);
    for (const mode of [0o777, 0o770, 0o702]) {
      chmodSync(root, mode);
      await expect(connectToLockHolder(root)).rejects.toMatchObject({
        code: 'CONTROL_FAILED',
        message: expect.stringContaining(`chmod -R go-rwx ${root}`) as string,
      });
    }
    expect(received).toEqual([]);
    chmodSync(root, 0o700);
    (await connectToLockHolder(root)).destroy();
  });

  it.runIf(isRoot)('whose socket belongs to another user', async () => {
    const root = tempDirectory();
    const { path, received } = await squat(root);
    chownSync(path, OTHER, OTHER);
    await expect(connectToLockHolder(root)).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: expect.stringContaining(`${path}: it belongs to the user with the id ${OTHER}`) as string,
    });
    expect(received).toEqual([]);
  });

  it('behind a link', async () => {
    const root = tempDirectory();
    const { received } = await squat(tempDirectory());
    symlinkSync('/nowhere', join(root, 'lock.7'));
    await expect(connectToLockHolder(root)).rejects.toMatchObject({ code: 'CONTROL_FAILED' });
    expect(received).toEqual([]);
  });

  it.runIf(isRoot)('in a directory of another user, who is not root', async () => {
    const root = tempDirectory();
    const { path } = await squat(root);
    const user = { uid: 1_000, gid: 1_000 };
    chownSync(root, OTHER, OTHER);
    lchownSync(path, OTHER, OTHER);
    await expect(trustSocket(root, path, user)).rejects.toMatchObject({ code: 'CONTROL_FAILED' });
    // Root may ask the gateway of any user.
    await expect(trustSocket(root, path)).resolves.toBeUndefined();
    // The volume of a container: its folder is of root and open to its group, the socket is of the user.
    chownSync(root, 0, 1_000);
    lchownSync(path, 1_000, 1_000);
    chmodSync(root, 0o2775);
    await expect(trustSocket(root, path, user)).resolves.toBeUndefined();
    lchownSync(path, OTHER, 1_000);
    await expect(trustSocket(root, path, user)).rejects.toMatchObject({ code: 'CONTROL_FAILED' });
  });

  it('outside of the data directory: also a long path has its sockets inside', async () => {
    const root = join(tempDirectory(), 'x'.repeat(120));
    mkdirSync(root, { mode: 0o700 });
    const lock = await lockDataDirectory(dataDirectory(root));
    expect(readdirSync(root).some((name) => /^lock\.\d+$/.test(name))).toBe(true);
    (await connectToLockHolder(root)).destroy();
    await lock.release();
  });
});
