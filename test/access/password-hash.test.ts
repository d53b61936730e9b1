import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startHashThread } from '../../src/access/hash-thread.js';
import {
  hashPassword,
  type PasswordHash,
  parsePasswordHash,
  pbkdf2Text,
} from '../../src/access/password-hash.js';

/** RFC 7914 section 12: scrypt("pleaseletmein", "SodiumChloride", 16384, 8, 1, 64). */
const RFC_7914 =
  '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887';

function phc(parameters: string, salt: Buffer, hash: Buffer): string {
  const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `${parameters}$${text(salt)}$${text(hash)}`;
}

function parsed(text: string): PasswordHash {
  const found = parsePasswordHash(text);
  if (!found.ok) throw new Error(found.expected);
  return found.hash;
}

async function check(text: string, passwords: readonly string[]): Promise<boolean[]> {
  const answers: boolean[] = [];
  let next: () => void = () => undefined;
  const thread = startHashThread({
    onAnswer: (isRight) => {
      answers.push(isRight);
      next();
    },
    onEnd: () => next(),
  });
  try {
    for (const password of passwords) {
      await new Promise<void>((resolve) => {
        next = resolve;
        thread.post({ password: Buffer.from(password), hash: parsed(text) });
      });
    }
  } finally {
    await thread.end();
  }
  return answers;
}

describe('stored passwords [security 4]', () => {
  it('are checked as RFC 7914 computes scrypt', async () => {
    const text = phc('$scrypt$ln=14,r=8,p=1', Buffer.from('SodiumChloride'), Buffer.from(RFC_7914, 'hex'));
    expect(await check(text, ['pleaseletmein', 'pleaseletmeiN', ''])).toEqual([true, false, false]);
  });

  it('are checked as Mosquitto computes PBKDF2 with SHA-512', async () => {
    // From `openssl kdf -keylen 64 -kdfopt digest:SHA512 -kdfopt pass:… -kdfopt salt:saltsaltsalt -kdfopt iter:101 PBKDF2`.
    const hash = Buffer.from(
      '553eb020162bc3aa2b83673982eda2743bfd4183f47cf10ed9819aa06ad80d22897984d400d7ec401beef40237d3bf27a7a0983a31dbcdfcff7a54016fba3190',
      'hex',
    );
    const text = pbkdf2Text({ iterations: 101, salt: Buffer.from('saltsaltsalt'), hash });
    expect(await check(text, ['correct horse', 'correct horse ', ''])).toEqual([true, false, false]);
  });

  it('have a salt of 16 bytes of their own', async () => {
    const first = hashPassword(Buffer.from('the same password'));
    const second = hashPassword(Buffer.from('the same password'));
    expect(parsed(first).salt).toHaveLength(16);
    expect(first).not.toBe(second);
    expect(first).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$/);
    expect(await check(first, ['the same password', 'another password'])).toEqual([true, false]);
  });

  const salt = Buffer.alloc(16, 1);
  const hash = Buffer.alloc(32, 2);
  it.each([
    ['a cost that nobody has to guess for', phc('$scrypt$ln=10,r=8,p=1', salt, hash), 'ln from 14 to 17'],
    ['a cost that exhausts the memory', phc('$scrypt$ln=20,r=8,p=1', salt, hash), 'ln from 14 to 17'],
    ['another block size', phc('$scrypt$ln=15,r=32,p=1', salt, hash), 'r=8 and p=1'],
    ['more than one lane', phc('$scrypt$ln=15,r=8,p=16', salt, hash), 'r=8 and p=1'],
    ['a short salt', phc('$scrypt$ln=15,r=8,p=1', Buffer.alloc(4), hash), 'a salt of 8 to 128 bytes'],
    [
      'a hash that fits many',
      phc('$scrypt$ln=15,r=8,p=1', salt, Buffer.alloc(4)),
      'a hash of 16 to 128 bytes',
    ],
    ['too many iterations', phc('$pbkdf2-sha512$i=9999999', salt, hash), 'i from 1 to 1000000'],
    ['another function', phc('$argon2id$v=19$m=65536,t=3,p=4', salt, hash), '$scrypt$'],
    ['a password in plain text', 'secret', '$scrypt$'],
    ['a very long text', `$scrypt$ln=15,r=8,p=1$${'A'.repeat(100_000)}$AAAA`, '512 characters'],
  ])('are refused with %s', (_what, text, expected) => {
    const found = parsePasswordHash(text);
    expect(found.ok ? '' : found.expected).toContain(expected);
  });
});

describe('hashes of passwords [security 5]', () => {
  it('are never computed on the thread pool that fdatasync needs', () => {
    const src = join(import.meta.dirname, '../../src');
    const users = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .filter((file) => {
        const text = readFileSync(join(src, file), 'utf8');
        return /\b(scrypt|pbkdf2)\(|import \{[^}]*\b(scrypt|pbkdf2)\b[^}]*\} from 'node:crypto'/.test(text);
      });
    expect(users).toEqual([]);
  });
});
