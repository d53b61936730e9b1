import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { followGateway } from '../../src/control/ask-gateway.js';
import type { Followed } from '../../src/control/command-protocol.js';
import { type CommandDeps, serveCommands } from '../../src/control/serve-commands.js';
import { serveFollowing } from '../../src/control/serve-following.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { FollowedRecords } from '../../src/rules/followed-record.js';
import { NO_COMMANDS } from '../support/no-commands.js';
import { tempDirectory } from '../support/temp-directory.js';

const record = (seq: number, filler = '') => JSON.stringify({ seq, filler });

/** A connection to a gateway that follows this way. */
async function gateway(follow: CommandDeps['follow']): Promise<Socket> {
  return connectedTo((connection) => serveCommands(connection, { ...NO_COMMANDS, follow }));
}

async function connectedTo(answer: (connection: Socket) => void): Promise<Socket> {
  const path = join(tempDirectory(), 'socket');
  const server = createServer((connection) => {
    connection.on('error', () => undefined);
    answer(connection);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return connect(path);
}

async function allOf(connection: Socket, filter = 'a/#', answerWithinMs?: number): Promise<Followed[]> {
  const all: Followed[] = [];
  for await (const followed of followGateway(connection, filter, { answerWithinMs })) all.push(followed);
  return all;
}

test('a command gets what it follows until the consumer ends, first an empty line', async () => {
  const answers: FollowedRecords[] = [
    { records: [record(1), record(2)], skipped: 0 },
    { records: [], skipped: 7 },
    { records: [record(3)], skipped: 0, isEnded: true },
  ];
  const end = vi.fn();
  const asked: string[] = [];
  const connection = await gateway(async (filter) => {
    asked.push(filter);
    return { next: async () => answers.shift()!, end };
  });
  expect(await allOf(connection)).toEqual([
    { skipped: 0, records: [] },
    {
      skipped: 0,
      records: [
        { seq: 1, filler: '' },
        { seq: 2, filler: '' },
      ],
    },
    { skipped: 7, records: [] },
    { skipped: 0, records: [{ seq: 3, filler: '' }] },
  ]);
  expect(asked).toEqual(['a/#']);
  expect(end).toHaveBeenCalledTimes(1);
});

test('following ends when the command goes away', async () => {
  const end = vi.fn();
  const connection = await gateway(async () => ({
    next: async () => ({ records: [record(1)], skipped: 0 }),
    end,
  }));
  for await (const { records } of followGateway(connection, '#')) {
    if (records.length > 0) break;
  }
  await vi.waitFor(() => expect(end).toHaveBeenCalledTimes(1), 5_000);
  expect(connection.destroyed).toBe(true);
});

test('while a command does not read, the consumer is not asked: nothing piles up', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  let asked = 0;
  const end = vi.fn();
  const connection = new Duplex({ read: () => undefined, write: () => undefined });
  const served = serveFollowing(connection as Socket, {
    next: async () => {
      asked += 1;
      return { records: [record(asked, 'x'.repeat(100_000))], skipped: 0 };
    },
    end,
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(1);
  connection.destroy();
  await vi.advanceTimersByTimeAsync(1_000);
  await served;
  expect(end).toHaveBeenCalledTimes(1);
});

test.each([
  ['a filter that is none', 'a/#/b', 'USAGE_INVALID', 'the topic filter: wildcard not alone'],
  ['what the gateway refuses', '#', 'CONTROL_FAILED', 'no consumer runs'],
])('%s is refused', async (_what, filter, code, words) => {
  const connection = await gateway(() =>
    Promise.reject(new SluiceError('CONTROL_FAILED', 'no consumer runs')),
  );
  await expect(allOf(connection, filter)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(words) as string,
  });
});

test('an older version takes the request for a malformed one', async () => {
  const refused = { code: 'USAGE_INVALID', message: 'the request: expected kind replay, purge or reload' };
  const connection = await connectedTo((one) => one.end(`${JSON.stringify({ refused })}\n`));
  await expect(allOf(connection)).rejects.toMatchObject({
    code: 'CONTROL_FAILED',
    message: expect.stringContaining('of a version before explain --follow') as string,
  });
});

test('a gateway that hangs, and one that is no gateway', async () => {
  await expect(allOf(await connectedTo(() => undefined), '#', 50)).rejects.toThrow('has not answered');
  await expect(allOf(await connectedTo((one) => one.end('hello\n')))).rejects.toThrow(
    'does not speak as a gateway',
  );
  await expect(allOf(await connectedTo((one) => one.end()))).rejects.toThrow('does not answer');
});
