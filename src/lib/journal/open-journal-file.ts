import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { withReserve } from '../disk-room.js';
import { SluiceError } from '../errors.js';
import { closeDurable } from '../files.js';
import type { JournalFile, JournalFiles } from './journal-files.js';
import {
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  type JournalHeader,
  LAYOUT_VERSION,
} from './journal-frame.js';
import { type JournalDamage, readJournal } from './read-journal.js';
import { writeFully } from './write-fully.js';

export const JOURNAL_FILE = 'state.journal';
/** What is to replace it. A process that ended meanwhile has left it. */
export const NEXT_JOURNAL_FILE = 'state.journal.next';
/** A file with a damaged header is archived under this name. */
const DAMAGED_FILE = 'state.journal.damaged';

export interface RecoveredJournal {
  readonly path: string;
  readonly entries: number;
  readonly sizeBytes: number;
  readonly salt: number;
  /** Removed behind the last good entry: a write that was never finished, so nobody was answered. */
  readonly tornBytes: number;
  /** Damage that good entries follow. They are kept. */
  readonly damage: JournalDamage | undefined;
  /** Where the whole file was archived because its header is damaged; the journal begins empty then. */
  readonly archivedAs: string | undefined;
}

interface OpenJournalOptions {
  readonly directory: string;
  /** The file may have this one and any before. */
  readonly format: number;
  readonly onEntry: (entry: Buffer) => void;
}

export interface OpenedJournal {
  readonly file: JournalFile;
  readonly recovered: RecoveredJournal;
}

/** Opens the file of a journal behind its last good entry, or makes it. */
export async function openJournalFile(
  options: OpenJournalOptions,
  files: JournalFiles,
): Promise<OpenedJournal> {
  const { directory, format } = options;
  const path = join(directory, JOURNAL_FILE);
  const header = await readJournalHeader(path, files);
  if (header === 'missing') return createJournal(options, undefined, files);
  if (header === 'damaged') {
    const archivedAs = join(directory, DAMAGED_FILE);
    await files.rename(path, archivedAs);
    return createJournal(options, archivedAs, files);
  }
  const newer = newerVersion(header, format);
  if (newer !== undefined) {
    throw new SluiceError(
      'DATA_DIRECTORY_MISMATCH',
      `${path} was written by a newer version of Sluice (${newer}): start that version, or move the file away`,
    );
  }
  await files.remove(join(directory, NEXT_JOURNAL_FILE));
  const file = await files.open(path, 'r+');
  try {
    return { file, recovered: await recover(file, path, header, options, files) };
  } catch (thrown) {
    await closeDurable(file);
    throw thrown;
  }
}

/** Reads what the file says of itself, and changes nothing. */
export async function readJournalHeader(
  path: string,
  files: JournalFiles,
): Promise<JournalHeader | 'missing' | 'damaged'> {
  if ((await files.sizeOf(path)) === undefined) return 'missing';
  const file = await files.open(path, 'r');
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await file.read(bytes, 0, HEADER_BYTES, 0);
    return decodeHeader(bytes.subarray(0, bytesRead)) ?? 'damaged';
  } finally {
    await closeDurable(file);
  }
}

/** Says which version is newer than what this program knows; undefined when none is. `format`: the highest it knows of the content. */
export function newerVersion({ layout, format }: JournalHeader, known: number): string | undefined {
  if (layout > LAYOUT_VERSION) return `layout ${layout}, and this one reads up to ${LAYOUT_VERSION}`;
  if (format > known) return `format ${format}, and this one reads up to ${known}`;
  return undefined;
}

async function recover(
  file: JournalFile,
  path: string,
  header: JournalHeader,
  { directory, format, onEntry }: OpenJournalOptions,
  files: JournalFiles,
): Promise<RecoveredJournal> {
  const { salt } = header;
  const sizeBytes = (await files.sizeOf(path)) ?? 0;
  const { entries, endBytes, damage } = await readJournal(file, { sizeBytes, salt }, onEntry);
  if (endBytes < sizeBytes) await file.truncate(endBytes);
  // From now on the older version does not know what is appended.
  if (header.format < format) await writeFully(file, encodeHeader({ ...header, format }), HEADER_BYTES, 0);
  // A process that was killed may have written without syncing, and renamed: what follows builds on both.
  await file.datasync();
  await files.syncDirectory(directory);
  return {
    path,
    entries,
    sizeBytes: endBytes,
    salt,
    tornBytes: sizeBytes - endBytes,
    damage,
    archivedAs: undefined,
  };
}

/** The file gets its name when it is complete, so that a power cut leaves no file with half a header. */
async function createJournal(
  { directory, format }: OpenJournalOptions,
  archivedAs: string | undefined,
  files: JournalFiles,
): Promise<OpenedJournal> {
  const path = join(directory, JOURNAL_FILE);
  const next = join(directory, NEXT_JOURNAL_FILE);
  const salt = randomBytes(4).readUInt32LE();
  const file = await withReserve(path, async () => {
    const fresh = await files.open(next, 'w+');
    try {
      await writeFully(fresh, encodeHeader({ layout: LAYOUT_VERSION, format, salt }), HEADER_BYTES, 0);
      await fresh.datasync();
      await files.rename(next, path);
      await files.syncDirectory(directory);
      return fresh;
    } catch (thrown) {
      await closeDurable(fresh);
      throw thrown;
    }
  });
  return {
    file,
    recovered: {
      path,
      entries: 0,
      sizeBytes: HEADER_BYTES,
      salt,
      tornBytes: 0,
      damage: undefined,
      archivedAs,
    },
  };
}
