import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asObject, checkedJson, isCount, parseCheckedJson } from '../lib/checked-json.js';
import { withReserve } from '../lib/disk-room.js';
import { replaceFile } from '../lib/durable-files.js';
import { readFile } from '../lib/files.js';
import { ifThere } from '../lib/if-there.js';
import { syncDirectory } from '../lib/sync-directory.js';

export const CLEAN_STOP_FILE = 'clean-stop.json';
const CONTENT_KEY = 'cleanStop';

/**
 * The state in which a gateway has left the log when it stopped in order. It is there only while no gateway runs: what is
 * shorter or damaged at the next start is damage, and not a write that a crash has interrupted.
 */
export interface CleanStop {
  /** Id of the data directory. */
  readonly directory: string;
  /** The sequence behind the last record. */
  readonly logEnd: number;
  /** The names of the segments that have any bytes. */
  readonly segments: readonly string[];
  /**
   * The checksum of the checkpoint of each reader of the log. A version that does not know of this file leaves it behind
   * and saves other checkpoints: it then says nothing any more.
   */
  readonly checkpoints: Readonly<Record<string, number>>;
  /** The length of each parked file and replay journal, by its path below the dead letter; one that is not named may have any. */
  readonly deadLetter?: Readonly<Record<string, number>>;
}

export type CleanStopFile =
  | { readonly kind: 'missing' }
  | { readonly kind: 'good'; readonly cleanStop: CleanStop }
  | { readonly kind: 'damaged'; readonly why: string };

export async function readCleanStop(root: string): Promise<CleanStopFile> {
  const text = await ifThere(readFile(join(root, CLEAN_STOP_FILE), 'utf8'));
  if (text === undefined) return { kind: 'missing' };
  const checked = parseCheckedJson(CONTENT_KEY, text);
  if (checked.kind === 'damaged') return checked;
  const { directory, logEnd, segments, checkpoints, deadLetter = {} } = asObject(checked.content);
  const isRight =
    typeof directory === 'string' &&
    isCount(logEnd) &&
    Array.isArray(segments) &&
    typeof checkpoints === 'object' &&
    checkpoints !== null &&
    Object.values(asObject(deadLetter)).every(isCount);
  if (!isRight) return { kind: 'damaged', why: 'it has another shape' };
  return { kind: 'good', cleanStop: checked.content as CleanStop };
}

/** Resolved: durable. Rejects with the system's error; without the note the next start only knows less. */
export async function writeCleanStop(root: string, cleanStop: CleanStop): Promise<void> {
  await replaceFile(join(root, CLEAN_STOP_FILE), checkedJson(CONTENT_KEY, cleanStop));
}

/** To be called before anything is appended to the log. Resolved: durably gone. */
export async function removeCleanStop(root: string): Promise<void> {
  const path = join(root, CLEAN_STOP_FILE);
  await withReserve(path, async () => {
    await rm(path, { force: true });
    await syncDirectory(root);
  });
}
