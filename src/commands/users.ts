import type { AccessRules, SecretRule } from '../access/access-rules.js';
import { newToken, tokenHash } from '../access/access-token.js';
import { hashPassword } from '../access/password-hash.js';
import { editAccessFile } from '../config/access/edit-access-file.js';
import { loadAccessFile } from '../config/access/load-access-file.js';
import { ConfigError } from '../config/problem.js';
import { SluiceError } from '../lib/errors.js';
import { nearestName } from '../lib/nearest-name.js';
import { printable } from '../lib/printable.js';
import { accessFileOf } from './access-file-of.js';
import type { ConfigOptions } from './options.js';
import { readNewPassword } from './read-secret.js';
import { textTable } from './text-table.js';
import { nextSteps } from './try-user.js';

export interface AddUserOptions extends ConfigOptions {
  readonly name: string;
  readonly secret: 'token' | 'password';
  readonly roles: readonly string[];
  readonly clientId?: string;
}

/** `sluice users add`: resolves with the exit code. A token goes to stdout, alone, and is shown only there. */
export async function addUser({ config, name, secret, roles, clientId }: AddUserOptions): Promise<number> {
  const file = await accessFileOf(config);
  const made = await makeSecret(secret);
  const { rules, existed } = await editAccessFile(file.path, (document, { roles: known }) => {
    if (document.hasUser(name)) {
      throw usage(`there is a user ${shown(name)} already: \`sluice users rotate\` gives a new secret`);
    }
    for (const role of roles) checkRole(role, known);
    document.addUser({ name, secret: made.rule, roles, clientId });
  });
  printSecret(made, `the user ${shown(name)} was added`);
  if (!existed && process.getuid?.() === 0) {
    printLines([`${file.path} belongs to root: give it to the user that runs the gateway (chown)`]);
  }
  printLines(nextSteps(name, secret, file, rules));
  return 0;
}

/** `sluice users rotate`: a new secret. The old one counts for nothing as soon as a running gateway has read the file. */
export async function rotateUser({
  config,
  name,
  secret,
}: ConfigOptions & { readonly name: string; readonly secret?: 'token' | 'password' }): Promise<number> {
  const file = await accessFileOf(config);
  const kind = secret ?? knownUser(name, loaded(file.path)).secret?.kind ?? 'token';
  const made = await makeSecret(kind);
  const { rules } = await editAccessFile(file.path, (document, before) => {
    knownUser(name, before);
    document.setSecret(name, made.rule);
  });
  printSecret(made, `the user ${shown(name)} has a new secret; connections with the old one are closed`);
  printLines(nextSteps(name, kind, file, rules));
  return 0;
}

export async function changeUser({
  config,
  name,
  change,
}: ConfigOptions & {
  readonly name: string;
  readonly change: 'remove' | 'disable' | 'enable';
}): Promise<number> {
  const { path } = await accessFileOf(config);
  await editAccessFile(path, (document, rules) => {
    knownUser(name, rules);
    if (change === 'remove') document.removeUser(name);
    else document.setDisabled(name, change === 'disable');
  });
  printLines([`the user ${shown(name)} was ${change}d: a running gateway takes the change within seconds`]);
  return 0;
}

/** `sluice users list`: never a hash, which somebody could try passwords against. */
export async function listUsers({
  config,
  json,
}: ConfigOptions & { readonly json: boolean }): Promise<number> {
  const { path } = await accessFileOf(config);
  const users = [...loaded(path).users.values()].map(({ name, secret, roles, clientId, isDisabled }) => ({
    name,
    secret: secret?.kind ?? 'none',
    roles,
    clientId,
    disabled: isDisabled,
  }));
  if (json) {
    process.stdout.write(`${JSON.stringify(users)}\n`);
    return 0;
  }
  const rows = users.map(({ name, secret, roles, clientId, disabled }) =>
    [name, secret, roles.join(', '), clientId ?? 'any of its roles', disabled ? 'disabled' : ''].map(shown),
  );
  const table = textTable(['user', 'secret', 'roles', 'client id', ''], rows);
  process.stdout.write(`${rows.length === 0 ? 'no users' : table.join('\n')}\n`);
  return 0;
}

interface MadeSecret {
  readonly rule: SecretRule;
  /** Absent for a password: its owner knows it. */
  readonly token?: string;
}

async function makeSecret(kind: 'token' | 'password'): Promise<MadeSecret> {
  if (kind === 'token') {
    const token = newToken();
    return { token, rule: { kind, hash: tokenHash(token) } };
  }
  return { rule: { kind, hash: hashPassword(await readNewPassword(process.stdin, process.stderr)) } };
}

function printSecret({ token }: MadeSecret, done: string): void {
  printLines([token === undefined ? done : `${done}; its token is shown only now:`]);
  if (token !== undefined) process.stdout.write(`${token}\n`);
}

function loaded(path: string): AccessRules {
  const found = loadAccessFile(path);
  if (found.ok) return found.rules;
  throw new ConfigError(found.problems);
}

function knownUser(name: string, { users }: AccessRules) {
  const user = users.get(name);
  if (user !== undefined) return user;
  throw usage(`there is no user ${shown(name)}${didYouMean(name, users)}`);
}

function checkRole(role: string, roles: AccessRules['roles']): void {
  if (roles.has(role)) return;
  throw usage(
    `there is no role ${shown(role)}${didYouMean(role, roles)}: the file has ${[...roles.keys()].map(shown).join(', ') || 'none'}`,
  );
}

function didYouMean(name: string, known: ReadonlyMap<string, unknown>): string {
  const meant = nearestName(name, [...known.keys()]);
  return meant === undefined ? '' : `, did you mean ${shown(meant)}`;
}

function usage(message: string): SluiceError {
  return new SluiceError('USAGE_INVALID', message);
}

function printLines(lines: readonly string[]): void {
  process.stderr.write(`${lines.join('\n')}\n`);
}

function shown(text: string): string {
  return printable(text, 80);
}
