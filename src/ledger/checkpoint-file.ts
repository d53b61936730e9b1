import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import { asObject, checkedJson, isCount, parseCheckedJson } from '../lib/checked-json.js';
import { errorText, systemErrorCode } from '../lib/errors.js';
import { readFile } from '../lib/files.js';
import type { Position } from '../stream/stream.js';
import type { LedgerTotals } from './ledger.js';
import type { StateEnd } from './state-journal.js';

/** The names of the log's readers; each has a checkpoint file of its name. */
export const CONSUMER_READER = 'consumer';
export const FORWARDER_READER = 'forwarder';
export type LogReaderName = typeof CONSUMER_READER | typeof FORWARDER_READER;

/** The position of a reader, and what became of every record before it. */
export interface Checkpoint {
  readonly position: Position;
  readonly ledger: LedgerTotals;
  readonly deadLetterEnd: DeadLetterEnd;
  /** The end of the folder for records without payload; absent where none is parked that way, and in version 0.1. */
  readonly reasonsEnd?: DeadLetterEnd;
  /** The end of what mapping remembers; absent where nothing is kept, and in earlier versions. */
  readonly stateEnd?: StateEnd;
  /**
   * The totals of each partition since this process began to read it. Only for stores that keep a checkpoint per partition;
   * a checkpoint file does not have it.
   */
  readonly partitions?: ReadonlyMap<string, LedgerTotals>;
  /** Only in checkpoint files; version 0.1 did not write it. */
  readonly origin?: CheckpointOrigin;
}

/** Where a checkpoint was saved, so that a start notices when it lies beside data that it is not about. */
export interface CheckpointOrigin {
  /** Id of the data directory. */
  readonly directory?: string;
  /**
   * For a reader of the log: the names of the segments directly before and directly behind the position, which may be the
   * same one. The log keeps at least one of them as long as it has any record from before the position.
   */
  readonly segments?: readonly string[];
}

/** What a checkpoint file is. A foreign one was written on purpose, with its checksum, but not in our shape. */
export type CheckpointFile =
  | { readonly kind: 'missing'; readonly why: string }
  | { readonly kind: 'good'; readonly checkpoint: Checkpoint; readonly crc32: number }
  | { readonly kind: 'damaged' | 'foreign' | 'unreadable'; readonly why: string };

const SUFFIX = '.checkpoint.json';
const COPY_SUFFIX = '.checkpoint.copy.json';
const DAMAGED_SUFFIX = '.checkpoint.damaged.json';
const CONTENT_KEY = 'checkpoint';

export interface CheckpointFileNames {
  readonly newest: string;
  /** Saved before the newest, with the same content: both are durable before anything that they cover is deleted. */
  readonly copy: string;
  /** What could not be read, kept for a person to look at. */
  readonly damaged: string;
}

export function checkpointFileNames(reader: string): CheckpointFileNames {
  return {
    newest: `${reader}${SUFFIX}`,
    copy: `${reader}${COPY_SUFFIX}`,
    damaged: `${reader}${DAMAGED_SUFFIX}`,
  };
}

/** The readers with a checkpoint among `fileNames`, be it the newest file or only its copy. */
export function readersOfCheckpointFiles(fileNames: readonly string[]): string[] {
  const readers = new Set<string>();
  for (const name of fileNames) {
    const suffix = [SUFFIX, COPY_SUFFIX].find((one) => name.endsWith(one));
    if (suffix !== undefined) readers.add(name.slice(0, -suffix.length));
  }
  return [...readers];
}

export function checkpointText(checkpoint: Checkpoint): string {
  const { partitions: _unsaved, ...saved } = checkpoint;
  return checkedJson(CONTENT_KEY, saved);
}

export async function readCheckpointFile(path: string): Promise<CheckpointFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return { kind: 'missing', why: 'it is missing' };
    return { kind: 'unreadable', why: errorText(thrown) };
  }
  const checked = parseCheckedJson(CONTENT_KEY, text);
  if (checked.kind === 'damaged') return checked;
  const why = shapeProblem(checked.content);
  if (why !== undefined) return { kind: 'foreign', why };
  return { kind: 'good', checkpoint: checked.content as Checkpoint, crc32: checked.crc32 };
}

/** Keys that are not known are left alone: a later version of the same format may add some. */
function shapeProblem(content: unknown): string | undefined {
  const { position, ledger, deadLetterEnd, reasonsEnd, stateEnd, origin } = asObject(content);
  if (typeof position !== 'string') return 'it has no position';
  const { written, parked, filtered, lost, withoutPayload = {}, onlyCounted = {} } = asObject(ledger);
  if (!isCount(written)) return 'its ledger has no number of written records';
  if (![parked, filtered, lost, withoutPayload, onlyCounted].every(areCounts))
    return 'its ledger has outcomes that are no counts';
  if (!isEnd(deadLetterEnd)) return 'it has no end of the dead letter';
  if (reasonsEnd !== undefined && !isEnd(reasonsEnd))
    return 'its end of the records without payload is no end';
  if (stateEnd !== undefined && !isEnd(stateEnd)) return 'its end of the state is no end';
  const { directory, segments } = asObject(origin);
  if (directory !== undefined && typeof directory !== 'string') return 'its directory is no text';
  if (segments !== undefined && !isTexts(segments)) return 'its segments are no names';
  return undefined;
}

function isEnd(value: unknown): boolean {
  const { file, bytes } = asObject(value);
  return isCount(file) && isCount(bytes);
}

function areCounts(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(isCount);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
