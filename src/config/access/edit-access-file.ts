import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { parseDocument } from 'yaml';
import type { AccessRules } from '../../access/access-rules.js';
import { errorText, SluiceError, systemErrorCode } from '../../lib/errors.js';
import { pause } from '../../lib/timers.js';
import { ConfigError } from '../problem.js';
import { AccessDocument } from './access-document.js';
import { loadAccessFile, parseAccess } from './load-access-file.js';

/** How long another command may edit the file. */
const LOCK_WAIT_MS = 10_000;
const LOCK_RETRY_MS = 50;

/** A new access file. Its roles are those of the documentation; nobody has them yet. */
export const NEW_ACCESS_FILE = `# Who may connect, and what each may do: docs/security.md explains it, \`sluice users --help\` has the commands.
# A running gateway takes a change within seconds. What no role allows is refused.
roles:
  # A device: its client id is its user name, which must also be a level of its topics: sensors/climate/meter-17
  device: { clientId: "{user}", publish: ["sensors/+/{user}/#"] }
  # A program that reads what devices send.
  viewer: { subscribe: ["sensors/#"], http: read }
  # A person who may also change things on the page and over HTTP.
  operator: { subscribe: ["sensors/#"], http: change }
users:
`;

export interface EditedAccess {
  readonly rules: AccessRules;
  /** False when the file was made. */
  readonly existed: boolean;
}

/**
 * Changes an access file: comments, order, owner and mode stay. A file that is not valid, before or behind the change, is left
 * as it is: rejects with a ConfigError. A crash leaves the old or the new file, never a part.
 *
 * @param change throws to give up
 */
export async function editAccessFile(
  path: string,
  change: (document: AccessDocument, rules: AccessRules) => void,
  { isDryRun = false }: { readonly isDryRun?: boolean } = {},
): Promise<EditedAccess> {
  // A link stays a link.
  const file = existsSync(path) ? realpathSync(path) : path;
  if (isDryRun) return edit(file, change, () => undefined);
  const unlock = await lock(file);
  try {
    return edit(file, change, (text) => replace(file, text));
  } finally {
    unlock();
  }
}

function edit(
  file: string,
  change: (document: AccessDocument, rules: AccessRules) => void,
  write: (text: string) => void,
): EditedAccess {
  const before = statSync(file, { throwIfNoEntry: false });
  const existed = before !== undefined;
  const rules = existed ? rulesOf(file) : parsed(NEW_ACCESS_FILE, file);
  const document = parseDocument(existed ? readFileSync(file, 'utf8') : NEW_ACCESS_FILE, {
    // It compares each key with all others; the file was checked for it.
    uniqueKeys: false,
  });
  change(new AccessDocument(document), rules);
  const text = document.toString({ lineWidth: 0 });
  const changed = parsed(text, file);
  const now = statSync(file, { throwIfNoEntry: false });
  if (before?.mtimeMs !== now?.mtimeMs || before?.size !== now?.size || before?.ino !== now?.ino) {
    throw new SluiceError('CONFIG_INVALID', `${file} was changed meanwhile: run the command again`);
  }
  write(text);
  return { rules: changed, existed };
}

function rulesOf(file: string): AccessRules {
  const loaded = loadAccessFile(file);
  if (loaded.ok) return loaded.rules;
  throw new ConfigError(loaded.problems);
}

function parsed(text: string, file: string): AccessRules {
  const loaded = parseAccess(text, file, file);
  if (loaded.ok) return loaded.rules;
  throw new ConfigError(loaded.problems);
}

/** Keeps other commands away. It is a file, because they may run as other users or in other containers. */
async function lock(file: string): Promise<() => void> {
  const path = `${file}.lock`;
  for (let waitedMs = 0; ; waitedMs += LOCK_RETRY_MS) {
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (thrown) {
      if (systemErrorCode(thrown) !== 'EEXIST') throw unwritable(file, thrown);
      if (waitedMs >= LOCK_WAIT_MS) {
        const what = `another command edits ${file}, or has ended in the middle`;
        throw new SluiceError('CONFIG_INVALID', `${what}: if none runs, delete ${path}`);
      }
    }
    await pause(LOCK_RETRY_MS);
  }
}

function replace(file: string, text: string): void {
  const next = `${file}.next`;
  try {
    rmSync(next, { force: true });
    const descriptor = openSync(next, 'wx', 0o600);
    try {
      keepOwner(file, descriptor);
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(next, file);
    syncFolder(dirname(file));
  } catch (thrown) {
    rmSync(next, { force: true });
    throw unwritable(file, thrown);
  }
}

/** The gateway may run as another user than the one who edits, who may then be root. */
function keepOwner(file: string, descriptor: number): void {
  const old = statSync(file, { throwIfNoEntry: false });
  if (old === undefined) return;
  if (old.uid !== process.getuid?.() || old.gid !== process.getgid?.())
    fchownSync(descriptor, old.uid, old.gid);
  fchmodSync(descriptor, old.mode & 0o640);
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function unwritable(file: string, thrown: unknown): SluiceError {
  const hint = systemErrorCode(thrown) === 'EPERM' ? '; run this as the owner of the file' : '';
  return new SluiceError('CONFIG_INVALID', `${file} cannot be written: ${errorText(thrown)}${hint}`);
}
