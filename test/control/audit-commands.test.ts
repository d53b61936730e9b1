import { userInfo } from 'node:os';
import { expect, it, onTestFinished } from 'vitest';
import {
  askForDescription,
  askForFieldChange,
  askForRebuild,
  askForReload,
  askGateway,
} from '../../src/control/ask-gateway.js';
import { claimedUser } from '../../src/control/audit-commands.js';
import { type CommandDeps, serveCommands } from '../../src/control/serve-commands.js';
import { dataDirectory } from '../../src/data-directory/data-directory.js';
import { connectToLockHolder, lockDataDirectory } from '../../src/data-directory/directory-lock.js';
import type { AuditEntry } from '../../src/lib/audit.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { ReplayStatus } from '../../src/replay/replay-status.js';
import { NO_COMMANDS } from '../support/no-commands.js';
import { tempDirectory } from '../support/temp-directory.js';

const DONE: ReplayStatus = {
  kind: 'purge',
  state: 'done',
  dryRun: false,
  startedAtMs: 1_000,
  selected: 3,
  outcomes: { written: 0, filtered: 0, parkedAgain: 0, purged: 3 },
  parkedAgain: {},
};

async function gateway(deps: Partial<CommandDeps>) {
  const audited: AuditEntry[] = [];
  const root = tempDirectory();
  const lock = await lockDataDirectory(dataDirectory(root));
  onTestFinished(() => lock.release());
  const all = { ...NO_COMMANDS, ...deps, audit: (entry: AuditEntry) => audited.push(entry) };
  lock.onConnection((connection) => serveCommands(connection, all));
  return { audited, connection: () => connectToLockHolder(root) };
}

const BY = { user: userInfo().username, method: 'claimed', remoteAddress: 'control socket' };

it('logs each change of a command with the user of the system that the command names', async () => {
  const { audited, connection } = await gateway({
    start: async (request) => ({ ...DONE, kind: request.kind, dryRun: request.dryRun }),
    status: () => DONE,
    reload: async () => ({ outcome: 'invalid', file: 'f', code: 'CONFIG_INVALID', problems: [] }),
    changeField: () => Promise.reject(new SluiceError('USAGE_INVALID', 'no such field')),
    rebuildWindows: () => Promise.reject(new SluiceError('USAGE_INVALID', 'no windows')),
  });
  const selection = { code: 'payload-not-json' };
  const purge = { kind: 'purge', selection, dryRun: false } as const;
  await askGateway(await connection(), purge, () => undefined);
  await askForReload(await connection());
  const change = { kind: 'drop', measurement: 'm', field: 'f', isConfirmed: true } as const;
  await expect(askForFieldChange(await connection(), change)).rejects.toThrow('no such field');
  const rebuild = { fromMs: 1, toMs: 2, isDryRun: false, isForced: false };
  await expect(askForRebuild(await connection(), rebuild)).rejects.toThrow('no windows');
  expect(audited).toEqual([
    { change: 'purge', ...BY, parameters: selection, outcome: 'done' },
    { change: 'reload', ...BY, outcome: 'failed' },
    { change: 'field', ...BY, parameters: change, outcome: 'failed', reason: 'USAGE_INVALID' },
    { change: 'windows-rebuild', ...BY, parameters: rebuild, outcome: 'failed', reason: 'USAGE_INVALID' },
  ]);
});

it('logs nothing for what changes nothing', async () => {
  const { audited, connection } = await gateway({
    start: async () => ({ ...DONE, dryRun: true }),
    status: () => ({ ...DONE, dryRun: true }),
    rebuildWindows: () => Promise.reject(new SluiceError('USAGE_INVALID', 'no windows')),
  });
  const preview = { kind: 'purge', selection: { all: true }, dryRun: true } as const;
  await askGateway(await connection(), preview, () => undefined);
  const rebuild = { fromMs: 1, toMs: 2, isDryRun: true, isForced: false };
  await expect(askForRebuild(await connection(), rebuild)).rejects.toThrow('no windows');
  await askForDescription(await connection());
  expect(audited).toEqual([]);
});

it.each([
  ['{"kind":"reload"}', undefined],
  ['{"kind":"reload","user":7}', undefined],
  ['null', undefined],
  ['no JSON', undefined],
  ['{"user":"ann"}', 'ann'],
  [`{"user":"${'a'.repeat(1_000)}"}`, 'a'.repeat(256)],
])('the request %s names the user %s', (line, user) => expect(claimedUser(line)).toBe(user));
