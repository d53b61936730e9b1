import type { SecretRule } from '../../access/access-rules.js';
import { parsePasswordHash, pbkdf2Text } from '../../access/password-hash.js';
import { userNameFault } from './access-settings.js';

/** What could not be taken over from a file of Mosquitto, for the person who imports it. */
export interface ImportRemark {
  readonly line: number;
  readonly remark: string;
}

export interface MosquittoUser {
  readonly name: string;
  /** Absent: Mosquitto has a hash that Sluice does not check. */
  readonly secret?: SecretRule;
}

export interface MosquittoPasswords {
  readonly users: readonly MosquittoUser[];
  readonly remarks: readonly ImportRemark[];
}

const PBKDF2 = /^\$7\$(\d{1,7})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)$/;

/** Reads the password file of Mosquitto (`mosquitto_passwd`): `name:hash` a line. Never throws. */
export function parseMosquittoPasswords(text: string): MosquittoPasswords {
  const users = new Map<string, MosquittoUser>();
  const remarks: ImportRemark[] = [];
  for (const [index, written] of text.split('\n').entries()) {
    const line = index + 1;
    const entry = written.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    const [name = '', hash] = splitAtColon(entry);
    const fault = hash === undefined ? 'there is no colon behind the name' : userNameFault(name);
    if (fault !== undefined) {
      remarks.push({ line, remark: `not imported: ${fault}` });
      continue;
    }
    const secret = secretOf(hash!);
    if (secret === undefined) {
      const what =
        'its password is not stored as PBKDF2 ($7$), and it needs a new one (`sluice users rotate`)';
      remarks.push({ line, remark: `imported without a secret: ${what}` });
    }
    if (users.has(name)) remarks.push({ line, remark: 'the same user again: this one counts' });
    users.set(name, { name, secret });
  }
  return { users: [...users.values()], remarks };
}

function splitAtColon(entry: string): [string, string | undefined] {
  const at = entry.indexOf(':');
  return at < 0 ? [entry, undefined] : [entry.slice(0, at), entry.slice(at + 1)];
}

function secretOf(hash: string): SecretRule | undefined {
  const parts = PBKDF2.exec(hash);
  if (parts === null) return undefined;
  const [, iterations, salt, bytes] = parts;
  const text = pbkdf2Text({
    iterations: Number(iterations),
    salt: Buffer.from(salt!, 'base64'),
    hash: Buffer.from(bytes!, 'base64'),
  });
  return parsePasswordHash(text).ok ? { kind: 'password', hash: text } : undefined;
}
