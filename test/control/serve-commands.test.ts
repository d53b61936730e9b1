import { mkdirSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ReloadResult } from '../../src/config/reload-result.js';
import {
  askForDescription,
  askForFieldChange,
  askForRebuild,
  askForReload,
  askForWindows,
  askGateway,
} from '../../src/control/ask-gateway.js';
import { MAX_REQUEST_BYTES, readCommandRequest } from '../../src/control/command-protocol.js';
import { type CommandDeps, serveCommands } from '../../src/control/serve-commands.js';
import { dataDirectory } from '../../src/data-directory/data-directory.js';
import {
  connectToLockHolder,
  isDataDirectoryLocked,
  lockDataDirectory,
} from '../../src/data-directory/directory-lock.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { ReplayStatus } from '../../src/replay/replay-status.js';
import type { RebuildRequest } from '../../src/windows/windows-report.js';
import { tempDirectory } from '../support/temp-directory.js';
import { windowsReport } from '../support/windows-report.js';

const RUNNING: ReplayStatus = {
  kind: 'replay',
  state: 'running',
  dryRun: false,
  startedAtMs: 1_000,
  selected: 3,
  outcomes: { written: 0, filtered: 0, parkedAgain: 0, purged: 0 },
  parkedAgain: {},
};
const DONE: ReplayStatus = { ...RUNNING, state: 'done', outcomes: { ...RUNNING.outcomes, written: 3 } };
const DESCRIPTION = { processId: 7, file: '/etc/sluice.yaml', listeners: [{ host: '::1', port: 1883 }] };
const REQUEST = { kind: 'replay', selection: { all: true }, dryRun: false } as const;

/** A data directory whose lock is held by a process that takes commands. */
async function gateway(deps: CommandDeps): Promise<string> {
  const root = tempDirectory();
  const lock = await lockDataDirectory(dataDirectory(root));
  onTestFinished(() => lock.release());
  lock.onConnection((connection) => serveCommands(connection, deps));
  return root;
}

const refuse: CommandDeps = {
  audit: () => undefined,
  start: () => Promise.reject(new SluiceError('DEAD_LETTER_BUSY', 'one at a time')),
  status: () => undefined,
  reload: () => Promise.reject(new SluiceError('RELOAD_BUSY', 'one after the other')),
  describe: () => DESCRIPTION,
  follow: () => Promise.reject(new SluiceError('CONTROL_FAILED', 'no consumer runs')),
  changeField: () => Promise.reject(new SluiceError('USAGE_INVALID', 'no such field')),
  listWindows: () => Promise.reject(new SluiceError('USAGE_INVALID', 'no windows')),
  rebuildWindows: () => Promise.reject(new SluiceError('USAGE_INVALID', 'no windows')),
  query: () => Promise.reject(new SluiceError('QUERY_INVALID', 'no SELECT')),
  queryProgress: async () => undefined,
};

/** A connection whose other side never ends, and what was sent to it. */
function pair(): [Socket, unknown[]] {
  const received: unknown[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      received.push(JSON.parse(chunk.toString()));
      done();
    },
  });
  return [Object.assign(stream, { unref: () => stream }) as unknown as Socket, received];
}

/** Everything that comes back until the other side ends. */
async function answerTo(root: string, bytes: string | Buffer): Promise<string> {
  const connection = await connectToLockHolder(root);
  connection.on('error', () => undefined);
  connection.write(bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of connection) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe('a command at the lock of a running gateway', () => {
  it('receives the progress of its job until it is done, and nothing about the job before', async () => {
    let now: ReplayStatus = { ...DONE, startedAtMs: 1 };
    const asked: unknown[] = [];
    const root = await gateway({
      ...refuse,
      start: async (request) => {
        asked.push(request);
        return RUNNING;
      },
      status: () => now,
      reload: refuse.reload,
      follow: refuse.follow,
    });
    const statuses: ReplayStatus[] = [];
    const ended = askGateway(await connectToLockHolder(root), REQUEST, (status) => {
      statuses.push(status);
      now = DONE;
    });
    expect(await ended).toEqual(DONE);
    expect(statuses).toEqual([RUNNING, DONE]);
    expect(asked).toEqual([REQUEST]);
  });

  it('receives the error it is refused with', async () => {
    const root = await gateway(refuse);
    await expect(askGateway(await connectToLockHolder(root), REQUEST, () => undefined)).rejects.toMatchObject(
      { code: 'DEAD_LETTER_BUSY', message: 'one at a time' },
    );
  });

  it.each([
    ['no JSON', 'hello\n', 'not JSON'],
    ['an empty line', '\n', 'not JSON'],
    [
      'an unknown kind',
      '{"kind":"format","selection":{"all":true}}\n',
      'expected kind replay, purge, reload, describe, follow, change-field, windows-list, windows-rebuild or query',
    ],
    ['a change without names', '{"kind":"change-field","change":{"kind":"drop"}}\n', 'name of a measurement'],
    [
      'a change to an unknown type',
      '{"kind":"change-field","change":{"kind":"retype","measurement":"m","field":"v","type":"text"}}\n',
      'expected drop, or retype with a type of float, int, string, boolean',
    ],
    [
      'a rebuild without a time',
      '{"kind":"windows-rebuild","request":{"fromMs":1}}\n',
      'expected a time, and a later one',
    ],
    [
      'a rebuild of no aggregate',
      '{"kind":"windows-rebuild","request":{"aggregate":1,"fromMs":1,"toMs":2}}\n',
      'expected the name of an aggregate',
    ],
    ['no selection', '{"kind":"purge"}\n', 'the selection: expected an object'],
    ['an empty selection', '{"kind":"purge","selection":{}}\n', 'nothing is selected'],
    ['an unknown condition', '{"kind":"purge","selection":{"al":true}}\n', 'unknown key \\"al\\"'],
    ['ids that are none', '{"kind":"purge","selection":{"ids":["x"]}}\n', 'ids: expected'],
    ['no text', '{"kind":"purge","selection":{"topic":5}}\n', 'topic: expected a text'],
    ['a false all', '{"kind":"purge","selection":{"all":false}}\n', 'all: expected true'],
  ])('receives what is wrong with %s', async (_name, line, words) => {
    const answer = await answerTo(await gateway(refuse), line);
    expect(JSON.parse(answer)).toMatchObject({ refused: { code: 'USAGE_INVALID' } });
    expect(answer).toContain(words);
  });

  it('cannot send more than a line may hold', async () => {
    const answer = await answerTo(await gateway(refuse), Buffer.alloc(MAX_REQUEST_BYTES + 2, 'x'));
    expect(answer).toContain('over 1048576 bytes');
  });

  it.each([
    ['a line without end', 'x'.repeat(100_000)],
    ['no JSON', 'hello\n'],
    ['no object', 'null\n'],
    ['an object without a status', '{"status":1}\n'],
  ])('takes %s from whoever holds the socket as a failure', async (_what, bytes) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(bytes);
    });
    const path = join(tempDirectory(), 'socket');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    await expect(askGateway(connect(path), REQUEST, () => undefined)).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: expect.stringContaining('does not speak as a gateway'),
    });
  });

  it('that only checks whether the lock is held does no harm', async () => {
    const root = await gateway(refuse);
    for (let i = 0; i < 20; i += 1) expect(await isDataDirectoryLocked(root)).toBe(true);
    await expect(lockDataDirectory(dataDirectory(root))).rejects.toMatchObject({
      code: 'DATA_DIRECTORY_LOCKED',
    });
    expect(await answerTo(root, 'x\n')).toContain('refused');
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
    const [serving, received] = pair();
    let now = RUNNING;
    serveCommands(serving, { ...refuse, start: async () => RUNNING, status: () => now });
    serving.emit('data', Buffer.from(`${JSON.stringify(REQUEST)}\n`));
    await vi.advanceTimersByTimeAsync(400);
    now = DONE;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(received.at(-1)).toEqual({ status: DONE });
    expect(received.filter((one) => JSON.stringify(one).includes('done'))).toHaveLength(1);
    expect(serving.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(serving.destroyed).toBe(true);
  });

  it('does not keep a gateway from releasing the lock', async () => {
    const root = tempDirectory();
    const lock = await lockDataDirectory(dataDirectory(root));
    lock.onConnection((connection) => serveCommands(connection, refuse));
    const connection = await connectToLockHolder(root);
    const closed = new Promise((resolve) => connection.once('close', resolve));
    await lock.release();
    await closed;
    expect(await isDataDirectoryLocked(root)).toBe(false);
  });
});

describe('windows at the lock of a running gateway', () => {
  const REPORT = windowsReport([{ measurement: 'climate_5min', openWindows: 3 }]);
  const REBUILD = { aggregate: 'climate', fromMs: 1, toMs: 2, isDryRun: true, isForced: false };

  it('are reported', async () => {
    const root = await gateway({ ...refuse, listWindows: async () => REPORT });
    expect(await askForWindows(await connectToLockHolder(root))).toEqual(REPORT);
  });

  it('are marked', async () => {
    const result = { aggregates: [{ measurement: 'climate_5min', windows: 12, beyondRetention: 1 }] };
    const asked: RebuildRequest[] = [];
    const root = await gateway({
      ...refuse,
      rebuildWindows: async (request) => {
        asked.push(request);
        return result;
      },
    });
    expect(await askForRebuild(await connectToLockHolder(root), REBUILD)).toEqual(result);
    expect(asked).toEqual([REBUILD]);
  });

  it('are refused with the reason', async () => {
    const root = await gateway(refuse);
    const refusal = { code: 'USAGE_INVALID', message: 'no windows' };
    await expect(askForWindows(await connectToLockHolder(root))).rejects.toMatchObject(refusal);
    await expect(askForRebuild(await connectToLockHolder(root), REBUILD)).rejects.toMatchObject(refusal);
  });

  it('are unknown to a gateway of an older version', async () => {
    const refused = { code: 'USAGE_INVALID', message: 'the request: expected kind replay, purge, reload' };
    const connection = await connectedTo((one) => one.end(`${JSON.stringify({ refused })}\n`));
    await expect(askForWindows(connection)).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: expect.stringContaining('of a version before windows') as string,
    });
  });
});

describe('a reload at the lock of a running gateway', () => {
  it('is answered with what it did', async () => {
    const result: ReloadResult = {
      outcome: 'invalid',
      file: 'sluice.yaml',
      code: 'CONFIG_INVALID',
      problems: [{ file: 'sluice.yaml', line: 3, key: 'rules[0].topic', expected: 'an MQTT topic filter' }],
    };
    const root = await gateway({ ...refuse, reload: async () => result });
    expect(await askForReload(await connectToLockHolder(root))).toEqual(result);
  });

  it('receives the error it is refused with', async () => {
    const root = await gateway(refuse);
    await expect(askForReload(await connectToLockHolder(root))).rejects.toMatchObject({
      code: 'RELOAD_BUSY',
      message: 'one after the other',
    });
  });

  it('is told that the gateway is of an older version, which takes the request for a wrong one', async () => {
    const refused = { code: 'USAGE_INVALID', message: 'the request: expected kind replay or purge' };
    const connection = await connectedTo((one) => one.end(`${JSON.stringify({ refused })}\n`));
    await expect(askForReload(connection)).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: expect.stringContaining('of a version before reload') as string,
    });
  });

  it('is given up after a while', async () => {
    await expect(askForReload(await connectedTo(() => undefined), 50)).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: expect.stringContaining('has not answered') as string,
    });
  });
});

describe('a change of a field at the lock of a running gateway', () => {
  const change = { kind: 'retype', measurement: 'm', field: 'v', type: 'int', isConfirmed: true } as const;
  const result = { isDone: true, storedType: 'float', values: 3, lost: 1, examples: ['0.5'] } as const;

  it('is answered with what it did', async () => {
    const asked: unknown[] = [];
    const root = await gateway({
      ...refuse,
      changeField: async (one) => {
        asked.push(one);
        return result;
      },
    });
    expect(await askForFieldChange(await connectToLockHolder(root), change)).toEqual(result);
    expect(asked).toEqual([change]);
  });

  it('receives the error it is refused with', async () => {
    const root = await gateway(refuse);
    await expect(askForFieldChange(await connectToLockHolder(root), change)).rejects.toMatchObject({
      code: 'USAGE_INVALID',
      message: 'no such field',
    });
  });

  it('is told that the gateway is of an older version', async () => {
    const refused = { code: 'USAGE_INVALID', message: 'the request: expected kind replay, purge, reload' };
    const connection = await connectedTo((one) => one.end(`${JSON.stringify({ refused })}\n`));
    await expect(askForFieldChange(connection, change)).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: expect.stringContaining('of a version before store') as string,
    });
  });
});

describe('a gateway that does not answer', () => {
  it('is of an older version if it closes the connection at once', async () => {
    const root = tempDirectory();
    const lock = await lockDataDirectory(dataDirectory(root));
    onTestFinished(() => lock.release());
    await expect(askGateway(await connectToLockHolder(root), REQUEST, () => undefined)).rejects.toMatchObject(
      { code: 'CONTROL_FAILED', message: expect.stringContaining('of a version before') as string },
    );
  });

  it('is given up after a while', async () => {
    await expect(
      askGateway(await connectedTo(() => undefined), REQUEST, () => undefined, 50),
    ).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: expect.stringContaining('has not answered') as string,
    });
  });

  it('and ends in the middle keeps what it has done', async () => {
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
  expect(readCommandRequest(line)).toEqual({ kind: 'replay', selection: { ids }, dryRun: true });
  const more = JSON.stringify({ kind: 'replay', selection: { ids: [...ids, '1'] } });
  expect(readCommandRequest(more)).toContain('1 to 10000 ids');
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

describe('a command that asks which gateway runs', () => {
  it('receives its process, its file and its listeners', async () => {
    const connection = await connectToLockHolder(await gateway(refuse));
    expect(await askForDescription(connection)).toEqual(DESCRIPTION);
  });

  it('fails when the holder of the lock does not answer', async () => {
    const root = tempDirectory();
    const lock = await lockDataDirectory(dataDirectory(root));
    onTestFinished(() => lock.release());
    await expect(askForDescription(await connectToLockHolder(root))).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
    });
  });
});
