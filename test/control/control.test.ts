import { mkdirSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { askGateway } from '../../src/control/ask-gateway.js';
import { MAX_REQUEST_BYTES, readControlRequest } from '../../src/control/control-protocol.js';
import { type ControlDeps, serveControl } from '../../src/control/serve-control.js';
import {
  connectToLockHolder,
  dataDirectory,
  isDataDirectoryLocked,
  lockDataDirectory,
} from '../../src/data-directory.js';
import type { SettlingStatus } from '../../src/dead-letter/settling-status.js';
import { SluiceError } from '../../src/errors.js';
import { tempDirectory } from '../support/temp-directory.js';

const RUNNING: SettlingStatus = {
  kind: 'replay',
  state: 'running',
  dryRun: false,
  startedAtMs: 1_000,
  selected: 3,
  settled: { written: 0, filtered: 0, parkedAgain: 0, purged: 0 },
  parkedAgain: {},
};
const DONE: SettlingStatus = { ...RUNNING, state: 'done', settled: { ...RUNNING.settled, written: 3 } };
const REQUEST = { kind: 'replay', selection: { all: true }, dryRun: false } as const;

/** A data directory whose lock is held by one that takes commands. */
async function gateway(deps: ControlDeps): Promise<string> {
  const root = tempDirectory();
  const lock = await lockDataDirectory(dataDirectory(root));
  onTestFinished(() => lock.release());
  lock.onConnection((connection) => serveControl(connection, deps));
  return root;
}

const refuse: ControlDeps = {
  start: () => Promise.reject(new SluiceError('DEAD_LETTER_BUSY', 'one at a time')),
  status: () => undefined,
};

/** A connection whose other side never ends, and what was told to it. */
function pair(): [Socket, unknown[]] {
  const told: unknown[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      told.push(JSON.parse(chunk.toString()));
      done();
    },
  });
  return [Object.assign(stream, { unref: () => stream }) as unknown as Socket, told];
}

/** Everything that comes back until the other side ends. */
async function sent(root: string, bytes: string | Buffer): Promise<string> {
  const connection = await connectToLockHolder(root);
  connection.on('error', () => undefined);
  connection.write(bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of connection) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe('a command at the lock of a running gateway', () => {
  it('hears how its job goes until it is done, not how the one before ended', async () => {
    let now: SettlingStatus = { ...DONE, startedAtMs: 1 };
    const asked: unknown[] = [];
    const root = await gateway({
      start: async (request) => {
        asked.push(request);
        return RUNNING;
      },
      status: () => now,
    });
    const heard: SettlingStatus[] = [];
    const ended = askGateway(await connectToLockHolder(root), REQUEST, (status) => {
      heard.push(status);
      now = DONE;
    });
    expect(await ended).toEqual(DONE);
    expect(heard).toEqual([RUNNING, DONE]);
    expect(asked).toEqual([REQUEST]);
  });

  it('gets the words it is refused with', async () => {
    const root = await gateway(refuse);
    await expect(askGateway(await connectToLockHolder(root), REQUEST, () => undefined)).rejects.toMatchObject(
      { code: 'DEAD_LETTER_BUSY', message: 'one at a time' },
    );
  });

  it.each([
    ['no JSON', 'hello\n', 'not JSON'],
    ['an empty line', '\n', 'not JSON'],
    ['an unknown kind', '{"kind":"format","selection":{"all":true}}\n', 'expected kind replay or purge'],
    ['no selection', '{"kind":"purge"}\n', 'the selection: expected an object'],
    ['an empty selection', '{"kind":"purge","selection":{}}\n', 'nothing is selected'],
    ['an unknown condition', '{"kind":"purge","selection":{"al":true}}\n', 'unknown key \\"al\\"'],
    ['ids that are none', '{"kind":"purge","selection":{"ids":["x"]}}\n', 'ids: expected'],
    ['no text', '{"kind":"purge","selection":{"topic":5}}\n', 'topic: expected a text'],
    ['a false all', '{"kind":"purge","selection":{"all":false}}\n', 'all: expected true'],
  ])('is told what is wrong with %s', async (_name, line, words) => {
    const answer = await sent(await gateway(refuse), line);
    expect(JSON.parse(answer)).toMatchObject({ refused: { code: 'USAGE_INVALID' } });
    expect(answer).toContain(words);
  });

  it('cannot send more than a line may hold', async () => {
    const answer = await sent(await gateway(refuse), Buffer.alloc(MAX_REQUEST_BYTES + 2, 'x'));
    expect(answer).toContain('over 1048576 bytes');
  });

  it('that only looks whether the lock is held does no harm', async () => {
    const root = await gateway(refuse);
    for (let i = 0; i < 20; i += 1) expect(await isDataDirectoryLocked(root)).toBe(true);
    await expect(lockDataDirectory(dataDirectory(root))).rejects.toMatchObject({
      code: 'DATA_DIRECTORY_LOCKED',
    });
    expect(await sent(root, 'x\n')).toContain('refused');
  });

  it('is one of a bounded number; the lock still counts as held for all others', async () => {
    let connected = 0;
    const root = tempDirectory();
    const lock = await lockDataDirectory(dataDirectory(root));
    onTestFinished(() => lock.release());
    lock.onConnection(() => {
      connected += 1;
    });
    const all = await Promise.all(Array.from({ length: 200 }, () => connectToLockHolder(root)));
    const closed = all.map(
      (one) =>
        new Promise<void>((resolve) =>
          one
            .on('error', () => undefined)
            .once('close', resolve)
            .resume(),
        ),
    );
    await Promise.all(closed.slice(100));
    expect(connected).toBe(32);
    expect(await isDataDirectoryLocked(root)).toBe(true);
    for (const one of all) one.destroy();
  });

  it('that never reads is not waited for once its job is done', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const [serving, told] = pair();
    let now = RUNNING;
    serveControl(serving, { start: async () => RUNNING, status: () => now });
    serving.emit('data', Buffer.from(`${JSON.stringify(REQUEST)}\n`));
    await vi.advanceTimersByTimeAsync(400);
    now = DONE;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told.at(-1)).toEqual({ status: DONE });
    expect(told.filter((one) => JSON.stringify(one).includes('done'))).toHaveLength(1);
    expect(serving.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(serving.destroyed).toBe(true);
  });

  it('does not keep a gateway from releasing the lock', async () => {
    const root = tempDirectory();
    const lock = await lockDataDirectory(dataDirectory(root));
    lock.onConnection((connection) => serveControl(connection, refuse));
    const connection = await connectToLockHolder(root);
    const closed = new Promise((resolve) => connection.once('close', resolve));
    await lock.release();
    await closed;
    expect(await isDataDirectoryLocked(root)).toBe(false);
  });
});

describe('a gateway that does not answer', () => {
  it('is told apart: one of an older version closes at once', async () => {
    const root = tempDirectory();
    const lock = await lockDataDirectory(dataDirectory(root));
    onTestFinished(() => lock.release());
    await expect(askGateway(await connectToLockHolder(root), REQUEST, () => undefined)).rejects.toMatchObject(
      { code: 'CONTROL_FAILED', message: expect.stringContaining('of a version before') as string },
    );
  });

  it('a silent one is given up after a while', async () => {
    await expect(
      askGateway(await connectedTo(() => undefined), REQUEST, () => undefined, 50),
    ).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: expect.stringContaining('has not answered') as string,
    });
  });

  it('one that ends in the middle leaves what it has settled', async () => {
    const connection = await connectedTo((one) => one.end(`${JSON.stringify({ status: RUNNING })}\n`));
    await expect(askGateway(connection, REQUEST, () => undefined)).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: expect.stringContaining('run it again') as string,
    });
  });
});

it('a request for many ids fits into a line', () => {
  const ids = Array.from({ length: 10_000 }, (_, n) => String(1_795_000_000_000_000_000n + BigInt(n)));
  const line = JSON.stringify({ kind: 'replay', selection: { ids }, dryRun: true });
  expect(Buffer.byteLength(line)).toBeLessThan(MAX_REQUEST_BYTES);
  expect(readControlRequest(line)).toEqual({ kind: 'replay', selection: { ids }, dryRun: true });
  const more = JSON.stringify({ kind: 'replay', selection: { ids: [...ids, '1'] } });
  expect(readControlRequest(more)).toContain('1 to 10000 ids');
});

async function connectedTo(answer: (connection: Socket) => void): Promise<Socket> {
  const directory = tempDirectory();
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'socket');
  const server = createServer((connection) => {
    connection.on('error', () => undefined);
    answer(connection);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return connect(path);
}
