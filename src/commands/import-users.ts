import { readFileSync, statSync } from 'node:fs';
import { editAccessFile } from '../config/access/edit-access-file.js';
import { type MosquittoAcl, parseMosquittoAcl } from '../config/access/mosquitto-acl.js';
import {
  type ImportRemark,
  type MosquittoUser,
  parseMosquittoPasswords,
} from '../config/access/mosquitto-passwords.js';
import { type ImportedRoles, rolesOfAcl } from '../config/access/mosquitto-roles.js';
import { errorText, SluiceError } from '../lib/errors.js';
import { printable } from '../lib/printable.js';
import { accessFileOf } from './access-file-of.js';
import type { ConfigOptions } from './options.js';

export interface ImportUsersOptions extends ConfigOptions {
  readonly mosquittoPasswords: string;
  readonly mosquittoAcl?: string;
  readonly roles: readonly string[];
  readonly dryRun: boolean;
}

const MAX_BYTES = 32 * 2 ** 20;
const MAX_REMARKS = 1_000;

/** `sluice users import`: resolves with 1 when something of the files was not taken over. */
export async function importUsers(options: ImportUsersOptions): Promise<number> {
  const { mosquittoPasswords, mosquittoAcl, roles, dryRun } = options;
  if (mosquittoAcl === undefined && roles.length === 0) {
    // Without an ACL file Mosquitto allows everything.
    throw new SluiceError('USAGE_INVALID', '--mosquitto-acl or --role is needed: what may the users do?');
  }
  const { path } = await accessFileOf(options.config);
  const passwords = parseMosquittoPasswords(read(mosquittoPasswords));
  const acl = mosquittoAcl === undefined ? undefined : parseMosquittoAcl(read(mosquittoAcl));
  const names = passwords.users.map(({ name }) => name);
  let imported: ImportedRoles = { roles: [], roleOf: new Map(), remarks: [] };
  let added: readonly MosquittoUser[] = [];
  await editAccessFile(
    path,
    (document, before) => {
      added = passwords.users.filter(({ name }) => !document.hasUser(name));
      if (acl !== undefined) {
        const newNames = added.map(({ name }) => name);
        imported = rolesOfAcl(newNames, acl, new Set(before.roles.keys()));
      }
      for (const role of imported.roles) document.addRole(role);
      for (const user of added) {
        const own = imported.roleOf.get(user.name);
        document.addUser({ ...user, roles: [...roles, ...(own === undefined ? [] : [own])] });
      }
    },
    { isDryRun: dryRun },
  );
  const isAdded = new Set(added);
  const remarks = [
    ...shownRemarks(mosquittoPasswords, passwords.remarks),
    ...shownRemarks(mosquittoAcl, [
      ...(acl?.remarks ?? []),
      ...imported.remarks,
      ...(acl === undefined ? [] : unknownUsers(acl, names)),
    ]),
    ...passwords.users
      .filter((user) => !isAdded.has(user))
      .map(({ name }) => `${shown(name)}: not imported: the access file has a user of this name`),
    ...(acl === undefined || roles.length > 0 ? [] : powerless(added, imported)),
  ];
  const done = dryRun ? 'would be imported' : 'imported: a running gateway takes the change within seconds';
  const lines = [
    ...remarks.slice(0, MAX_REMARKS),
    ...(remarks.length > MAX_REMARKS ? [`… and ${remarks.length - MAX_REMARKS} more`] : []),
    ...weakHashes(added),
    `${path}: users: ${added.length}, roles: ${imported.roles.length}; ${done}`,
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
  return remarks.length === 0 ? 0 : 1;
}

function read(file: string): string {
  try {
    if (statSync(file).size > MAX_BYTES) throw new Error('it has more than 32 MiB');
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new SluiceError('USAGE_INVALID', `${file} cannot be read: ${errorText(thrown)}`);
  }
}

function shownRemarks(file: string | undefined, remarks: readonly ImportRemark[]): string[] {
  return [...remarks]
    .sort((left, right) => left.line - right.line)
    .map(({ line, remark }) => `${file}:${line}: ${remark}`);
}

function unknownUsers({ users }: MosquittoAcl, names: readonly string[]): ImportRemark[] {
  const known = new Set(names);
  return [...users]
    .filter(([name]) => !known.has(name))
    .map(([name, { line }]) => ({ line, remark: `not imported: no password of the user ${shown(name)}` }));
}

function powerless(users: readonly MosquittoUser[], { roleOf }: ImportedRoles): string[] {
  return users
    .filter(({ name }) => !roleOf.has(name))
    .map(
      ({ name }) => `${shown(name)}: has no role: nothing of what the ACL file allows the user was imported`,
    );
}

/** Mosquitto hashes with 101 rounds, which costs a guess 0.1 ms. */
function weakHashes(users: readonly MosquittoUser[]): string[] {
  const count = users.filter(({ secret }) => secret !== undefined).length;
  if (count === 0) return [];
  const what = `passwords with the hash of Mosquitto: ${count}; somebody who reads the access file can guess them quickly`;
  return [`${what}: give those users tokens when you can (\`sluice users rotate NAME --token\`)`];
}

function shown(text: string): string {
  return printable(text, 80);
}
