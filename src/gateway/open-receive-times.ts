import { join } from 'node:path';
import { EPOCH_FILE, readEpochs, writeEpochs } from '../bridge/epoch-file.js';
import { ReceiveTimes, type StoredEpochs } from '../bridge/receive-times.js';
import type { DataDirectory } from '../data-directory/data-directory.js';
import type { Clock } from '../lib/clock.js';
import { errorText } from '../lib/errors.js';
import type { Warn } from '../lib/warnings.js';
import type { RecoveredLog } from '../stream/log/recover-log.js';

/**
 * The receive times of the data directory. A file that cannot be read or written does not keep a gateway from receiving:
 * then the log says which times were used, and times go on behind the last one.
 */
export function openReceiveTimes(
  { root }: Pick<DataDirectory, 'root'>,
  { lastReceivedAtNs, receiveSpans }: Pick<RecoveredLog, 'lastReceivedAtNs' | 'receiveSpans'>,
  clock: Clock,
  warn: Warn,
): ReceiveTimes {
  const path = join(root, EPOCH_FILE);
  let stored: StoredEpochs | undefined;
  try {
    stored = readEpochs(path);
  } catch (thrown) {
    warn(
      { code: 'RECEIVE_TIMES_FAILED', path, reason: errorText(thrown) },
      'the list of used receive times cannot be read; the log is used instead',
    );
  }
  return new ReceiveTimes({
    clock,
    lastReceivedAtNs,
    stored,
    logSpans: receiveSpans,
    save: (epochs) => writeEpochs(path, epochs),
    onSaveFailed: (thrown) =>
      warn(
        { code: 'RECEIVE_TIMES_FAILED', path, reason: errorText(thrown) },
        'the list of used receive times cannot be written; receive times do not follow the clock back until it can',
      ),
  });
}
