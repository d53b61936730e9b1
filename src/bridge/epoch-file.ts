import {
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { asObject, checkedJson, parseCheckedJson } from '../lib/checked-json.js';
import { systemErrorCode } from '../lib/errors.js';
import { type Epoch, LAST_LANE, MAX_EPOCHS, UNKNOWN } from './epochs.js';
import type { StoredEpochs } from './receive-times.js';

const FORMAT = 1;
const CONTENT_KEY = 'receiveTimes';
const DECIMAL = /^\d{1,19}$/;

/** The file in the data directory that has the epochs of its receive times. */
export const EPOCH_FILE = 'receive-times.json';

/** Reads the epochs; undefined without a file. Throws when the file cannot be read as epochs. */
export function readEpochs(path: string): StoredEpochs | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
  const checked = parseCheckedJson(CONTENT_KEY, text);
  if (checked.kind === 'damaged') throw new Error(`${EPOCH_FILE} is damaged: ${checked.why}`);
  const { format, closed, current } = asObject(checked.content);
  if (format !== FORMAT || !Array.isArray(closed) || closed.length > MAX_EPOCHS) {
    throw new Error(`${EPOCH_FILE} does not have the format ${FORMAT}`);
  }
  const { firstNs, lane } = epochOf({ last: '0', ...asObject(current) });
  return { closed: closed.map(epochOf), current: { firstNs, lane } };
}

/**
 * Replaces the file atomically and durably. It is synchronous, because the packet that begins an epoch is taken at once:
 * that happens once at a start, and when the clock was set.
 */
export function writeEpochs(path: string, { closed, current }: StoredEpochs): void {
  const content = {
    format: FORMAT,
    current: { first: String(current.firstNs), lane: current.lane },
    closed: closed.map(({ firstNs, lastNs, lane }) => ({
      first: String(firstNs),
      last: String(lastNs),
      lane,
    })),
  };
  const next = `${path}.next`;
  const file = openSync(next, 'w', 0o600);
  try {
    writeSync(file, checkedJson(CONTENT_KEY, content));
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
  const folder = openSync(dirname(path), constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function epochOf(json: unknown): Epoch {
  const { first, last, lane } = json as Record<string, unknown>;
  const isEpoch =
    typeof first === 'string' &&
    typeof last === 'string' &&
    DECIMAL.test(first) &&
    DECIMAL.test(last) &&
    Number.isInteger(lane) &&
    (lane as number) >= UNKNOWN &&
    (lane as number) <= LAST_LANE;
  if (!isEpoch) throw new Error(`${EPOCH_FILE} has an epoch that cannot be read`);
  return { firstNs: BigInt(first), lastNs: BigInt(last), lane: lane as number };
}
