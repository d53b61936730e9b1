import { randomBytes, scryptSync } from 'node:crypto';

/** How a password is turned into its hash, as `node:crypto` names the parameters. */
export type PasswordHash = ScryptHash | Pbkdf2Hash;

export interface ScryptHash {
  readonly kind: 'scrypt';
  /** N is 2 to the power of this. */
  readonly costLog2: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** As Mosquitto 2 writes it (`$7$`): read for users that come from there, never written for a new password. */
export interface Pbkdf2Hash {
  readonly kind: 'pbkdf2-sha512';
  readonly iterations: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export type ParsedPasswordHash =
  | { readonly ok: true; readonly hash: PasswordHash }
  /** What was expected, to be put behind "expected". */
  | { readonly ok: false; readonly expected: string };

/** 2^15 takes 32 MiB and about 150 ms. More than 2^17 (128 MiB) would let one file exhaust the memory of a small machine. */
const COST = { min: 14, default: 15, max: 17 };
const BLOCK_SIZE = 8;
const PARALLELIZATION = 1;
const SALT_BYTES = { min: 8, default: 16, max: 128 };
const HASH_BYTES = { min: 16, default: 32, max: 128 };
/** Mosquitto writes 101, or 1000 from version 2.1 on; a million takes about 0.5 s. */
const MAX_ITERATIONS = 1_000_000;
/** Room of the longest form; a longer text is not looked at. */
const MAX_CHARACTERS = 512;

const SCRYPT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const PBKDF2 = /^\$pbkdf2-sha512\$i=(\d{1,7})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** Reads a PHC string. Never throws: the file with it is written by hand. */
export function parsePasswordHash(written: string): ParsedPasswordHash {
  if (written.length > MAX_CHARACTERS) return refused('a hash of at most 512 characters');
  const scryptParts = SCRYPT.exec(written);
  if (scryptParts !== null) return parseScrypt(scryptParts);
  const pbkdf2Parts = PBKDF2.exec(written);
  if (pbkdf2Parts !== null) return parsePbkdf2(pbkdf2Parts);
  return refused('$scrypt$ln=15,r=8,p=1$ with salt and hash');
}

function parseScrypt([, ln, r, p, salt, hash]: RegExpExecArray): ParsedPasswordHash {
  const costLog2 = Number(ln);
  if (costLog2 < COST.min || costLog2 > COST.max) return refused(`ln from ${COST.min} to ${COST.max}`);
  if (Number(r) !== BLOCK_SIZE || Number(p) !== PARALLELIZATION) {
    return refused(`r=${BLOCK_SIZE} and p=${PARALLELIZATION}`);
  }
  const bytes = parseBytes(salt!, hash!);
  if ('expected' in bytes) return refused(bytes.expected);
  const cost = { costLog2, blockSize: BLOCK_SIZE, parallelization: PARALLELIZATION };
  return { ok: true, hash: { kind: 'scrypt', ...cost, ...bytes } };
}

function parsePbkdf2([, written, salt, hash]: RegExpExecArray): ParsedPasswordHash {
  const iterations = Number(written);
  if (iterations < 1 || iterations > MAX_ITERATIONS) return refused(`i from 1 to ${MAX_ITERATIONS}`);
  const bytes = parseBytes(salt!, hash!);
  if ('expected' in bytes) return refused(bytes.expected);
  return { ok: true, hash: { kind: 'pbkdf2-sha512', iterations, ...bytes } };
}

function parseBytes(salt: string, hash: string): { salt: Buffer; hash: Buffer } | { expected: string } {
  const bytes = { salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
  if (bytes.salt.length < SALT_BYTES.min || bytes.salt.length > SALT_BYTES.max) {
    return { expected: `a salt of ${SALT_BYTES.min} to ${SALT_BYTES.max} bytes` };
  }
  // A short hash would fit many passwords.
  if (bytes.hash.length < HASH_BYTES.min || bytes.hash.length > HASH_BYTES.max) {
    return { expected: `a hash of ${HASH_BYTES.min} to ${HASH_BYTES.max} bytes` };
  }
  return bytes;
}

function refused(expected: string): ParsedPasswordHash {
  return { ok: false, expected };
}

/** The PHC string of a new password. For commands only: it blocks the thread for about 150 ms. */
export function hashPassword(password: Buffer): string {
  const salt = randomBytes(SALT_BYTES.default);
  const options = { N: 2 ** COST.default, r: BLOCK_SIZE, p: PARALLELIZATION, maxmem: 2 ** 26 };
  const hash = scryptSync(password, salt, HASH_BYTES.default, options);
  return `$scrypt$ln=${COST.default},r=${BLOCK_SIZE},p=${PARALLELIZATION}$${phcBase64(salt)}$${phcBase64(hash)}`;
}

/** The PHC string of a hash that Mosquitto has made. */
export function pbkdf2Text({ iterations, salt, hash }: Omit<Pbkdf2Hash, 'kind'>): string {
  return `$pbkdf2-sha512$i=${iterations}$${phcBase64(salt)}$${phcBase64(hash)}`;
}

/** PHC strings have base64 without padding. */
function phcBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
