import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { asObject, checkedJson, isCount, parseCheckedJson } from '../lib/checked-json.js';
import { isNoRoom } from '../lib/disk-room.js';
import { replaceFile } from '../lib/durable-files.js';
import { readFile } from '../lib/files.js';
import { ifThere } from '../lib/if-there.js';
import type { DirectoryProblem } from './directory-problem.js';

/**
 * The format of everything in a data directory. It grows when an older version could not read the files any more, or would
 * read them wrongly; a version refuses a number that is higher than the newest that it knows. A directory keeps the
 * lowest format that says what is in it, so that a gateway that uses nothing new can still be downgraded.
 */
export const DIRECTORY_FORMATS = {
  plain: 1,
  /** Records of the log may have a user, which format 1 would take for a part of their payload. */
  withUsers: 2,
  /**
   * Records of the log may have message properties, or be packets that the broker has not accepted. Format 2 skips both: it
   * would read a payload without the content type that names its format, and take the beginning of a refused message for
   * a message.
   */
  withProperties: 3,
} as const;
export type DirectoryFormat = (typeof DIRECTORY_FORMATS)[keyof typeof DIRECTORY_FORMATS];
const NEWEST_FORMAT = DIRECTORY_FORMATS.withProperties;

export const IDENTITY_FILE = 'directory.json';
const CONTENT_KEY = 'directory';
/** Long enough that two directories never have the same one. */
const ID_BYTES = 16;

/** What a data directory says of itself. Version 0.1 wrote no such file. */
export interface DirectoryIdentity {
  readonly format: DirectoryFormat;
  readonly id: string;
  readonly createdAt: string;
  /** The version that has used the directory last. */
  readonly writtenBy: string;
}

export type IdentityFile =
  | { readonly kind: 'missing' }
  | { readonly kind: 'good'; readonly identity: DirectoryIdentity }
  | { readonly kind: 'refused'; readonly problem: DirectoryProblem };

/** Rejects with the system's error when the file is there and cannot be read. */
export async function readIdentity(root: string): Promise<IdentityFile> {
  const file = join(root, IDENTITY_FILE);
  const text = await ifThere(readFile(file, 'utf8'));
  if (text === undefined) return { kind: 'missing' };
  const refused = (found: string, expected: string, next: string): IdentityFile => ({
    kind: 'refused',
    problem: { kind: 'mismatch', file, found, expected, next },
  });
  const checked = parseCheckedJson(CONTENT_KEY, text);
  if (checked.kind === 'damaged') {
    return refused(
      `the identity of the data directory is damaged: ${checked.why}`,
      'the file as Sluice has written it',
      'restore it from a backup; without one, move it away if you are sure that no newer version has used this directory',
    );
  }
  const { format, id, createdAt, writtenBy } = asObject(checked.content);
  if (isCount(format) && format > NEWEST_FORMAT) {
    return refused(
      `the data directory has format ${format}, written by Sluice ${String(writtenBy)}`,
      `format ${NEWEST_FORMAT}, the newest that this version knows`,
      'start the newer version, or restore the backup that was made before the upgrade',
    );
  }
  if (!isFormat(format) || typeof id !== 'string' || id === '') {
    return refused(
      'the identity of the data directory has another shape',
      `format ${NEWEST_FORMAT} or lower, and an id`,
      'restore it from a backup, or name another stream.log.directory',
    );
  }
  return {
    kind: 'good',
    identity: { format, id, createdAt: String(createdAt), writtenBy: String(writtenBy) },
  };
}

function isFormat(format: unknown): format is DirectoryFormat {
  return Object.values<unknown>(DIRECTORY_FORMATS).includes(format);
}

interface DirectoryUse {
  readonly version: string;
  /** The id that the files of the directory name, for its first start. */
  readonly id: string | undefined;
  /** What is about to be written needs at least this format. */
  readonly format: DirectoryFormat;
}

/**
 * Writes who the directory is: on the first start with `id` if its files name one already, else with a new one; later
 * only when another version uses it, or a higher format is needed. A format is never lowered. Resolves with the identity
 * that the directory has from then on.
 */
export async function keepIdentity(
  root: string,
  known: DirectoryIdentity | undefined,
  { version, id, format }: DirectoryUse,
): Promise<DirectoryIdentity> {
  const isRaised = format > (known?.format ?? DIRECTORY_FORMATS.plain);
  if (known?.writtenBy === version && !isRaised) return known;
  const identity: DirectoryIdentity = {
    format: isRaised ? format : (known?.format ?? format),
    id: known?.id ?? id ?? randomBytes(ID_BYTES).toString('hex'),
    createdAt: known?.createdAt ?? new Date().toISOString(),
    writtenBy: version,
  };
  try {
    await replaceFile(join(root, IDENTITY_FILE), checkedJson(CONTENT_KEY, identity));
  } catch (thrown) {
    // A full disk must not keep the gateway from draining. The next start tries again. A format must be there before
    // anything is written that needs it.
    if (isRaised || !isNoRoom(thrown)) throw thrown;
  }
  return identity;
}
