import type { BacklogEstimate, BacklogView } from '../http/gateway-view.js';

/** What is counted once a second; the totals never decrease. */
export interface BacklogSample {
  /** Monotonic. */
  readonly atMs: number;
  readonly received: number;
  readonly processed: number;
  /** Age of the oldest record that is not processed, also of one in a stream that was not read yet; 0 when there is none. */
  readonly oldestMs: number;
  /** Absent where no log runs. */
  readonly log?: {
    /** Records that its reader has not processed. */
    readonly unread: number;
    readonly sizeBytes: number;
    readonly maxSizeBytes: number;
    /** The mean of all records, with what the log adds to each. */
    readonly bytesPerRecord: number;
    /** What it has taken since the start of the process. */
    readonly bytesAppended: number;
    readonly isBlocked: boolean;
  };
}

/** Rates of a shorter time say little about minutes to come. */
export const KNOWN_AFTER_MS = 60_000;
/**
 * What leaves is taken from a shorter time than what comes: since the oldest record waits, within these limits. A rate that
 * had a part of the time before an outage would promise more than there is.
 */
const LEAST_LEAVING_MS = 5_000;
const MOST_LEAVING_MS = 60_000;
/** Records younger than this are on their way: batches alone explain as much. */
const ON_THEIR_WAY_MS = 5_000;
/** Beyond this an estimate is a guess about another day. */
const NEVER_MS = 30 * 86_400_000;

const NOW: BacklogEstimate = { state: 'now', ms: 0 };
const NEVER: BacklogEstimate = { state: 'never' };
const UNKNOWN: BacklogEstimate = { state: 'unknown' };

/**
 * Computes what waits, and when it will be processed or fill the log if the last minutes go on.
 *
 * @param samples of the last five minutes, oldest first, the present one last; at least one
 * @param bestPerSecond the best rate at which records were processed; absent while it is not known
 */
export function backlogOf(samples: readonly BacklogSample[], bestPerSecond?: number): BacklogView {
  const now = samples.at(-1)!;
  const before = samples[0]!;
  const records = Math.max(0, now.received - now.processed);
  const { log } = now;
  const leavingSince = leavingFrom(samples, now);
  const view = {
    records,
    bytes: log === undefined ? undefined : Math.round(log.unread * log.bytesPerRecord),
    oldestMs: Math.round(now.oldestMs),
    caughtUp: caughtUp(records, before, leavingSince, now),
    catchUp: catchUp(records, before, now, bestPerSecond),
    logFull: log === undefined ? undefined : logFull(before, leavingSince, now),
  };
  return { ...view, summary: summaryOf(view) };
}

/** What the log takes a second, from the same samples; undefined where no log runs, and before the second sample. */
export function logBytesPerSecond(samples: readonly BacklogSample[]): number | undefined {
  const [before, now] = [samples[0], samples.at(-1)];
  if (before?.log === undefined || now?.log === undefined || now.atMs <= before.atMs) return undefined;
  return Math.round(((now.log.bytesAppended - before.log.bytesAppended) / (now.atMs - before.atMs)) * 1_000);
}

/** The sample from which on it is measured what leaves. */
function leavingFrom(samples: readonly BacklogSample[], now: BacklogSample): BacklogSample {
  const forMs = Math.min(Math.max(now.oldestMs, LEAST_LEAVING_MS), MOST_LEAVING_MS);
  return samples.findLast(({ atMs }) => now.atMs - atMs >= forMs) ?? samples[0]!;
}

function isOnItsWay(records: number, { oldestMs }: BacklogSample): boolean {
  return records === 0 || oldestMs < ON_THEIR_WAY_MS;
}

function caughtUp(
  records: number,
  before: BacklogSample,
  leavingSince: BacklogSample,
  now: BacklogSample,
): BacklogEstimate {
  if (isOnItsWay(records, now)) return NOW;
  if (now.atMs - before.atMs < KNOWN_AFTER_MS) return UNKNOWN;
  const leaving = perMs(leavingSince, now, ({ processed }) => processed);
  return estimate(records, leaving - perMs(before, now, ({ received }) => received));
}

function catchUp(
  records: number,
  before: BacklogSample,
  now: BacklogSample,
  bestPerSecond: number | undefined,
): BacklogEstimate {
  if (isOnItsWay(records, now)) return NOW;
  if (bestPerSecond === undefined || now.atMs - before.atMs < KNOWN_AFTER_MS) return UNKNOWN;
  return estimate(records, bestPerSecond / 1_000 - perMs(before, now, ({ received }) => received));
}

function logFull(before: BacklogSample, leavingSince: BacklogSample, now: BacklogSample): BacklogEstimate {
  const { log } = now;
  if (log === undefined || before.log === undefined) return UNKNOWN;
  if (log.isBlocked) return NOW;
  if (isOnItsWay(log.unread, now)) return NEVER;
  if (now.atMs - before.atMs < KNOWN_AFTER_MS) return UNKNOWN;
  const coming = perMs(before, now, (sample) => sample.log?.bytesAppended ?? 0);
  const leaving = perMs(leavingSince, now, (sample) => readBytes(sample, log.bytesPerRecord));
  return estimate(Math.max(0, log.maxSizeBytes - log.sizeBytes), coming - leaving);
}

/** What the reader of the log has left behind since the start, up to a constant. */
function readBytes({ log }: BacklogSample, bytesPerRecord: number): number {
  return log === undefined ? 0 : log.bytesAppended - log.unread * bytesPerRecord;
}

function perMs(from: BacklogSample, to: BacklogSample, of: (sample: BacklogSample) => number): number {
  return to.atMs > from.atMs ? (of(to) - of(from)) / (to.atMs - from.atMs) : 0;
}

function estimate(amount: number, perMs: number): BacklogEstimate {
  const ms = perMs > 0 ? amount / perMs : Number.POSITIVE_INFINITY;
  return ms > NEVER_MS ? NEVER : { state: 'in', ms: Math.round(ms) };
}

/** One sentence, the same wherever the backlog is shown. */
function summaryOf({ records, bytes, oldestMs, caughtUp, logFull }: Omit<BacklogView, 'summary'>): string {
  if (caughtUp.state === 'now' && logFull?.state !== 'now') return 'no backlog';
  const size = bytes === undefined ? '' : ` (about ${sizeText(bytes)})`;
  if (records === 0) return 'no backlog; the log is full';
  const waiting = `${records === 1 ? '1 record waits' : `${records} records wait`}${size}, the oldest for ${timeText(oldestMs)}`;
  const end = {
    now: 'caught up',
    in: `caught up in about ${timeText(caughtUp.ms ?? 0)}`,
    never: 'not caught up at the present rate',
    unknown: 'not known yet when it is caught up',
  }[caughtUp.state];
  if (logFull?.state === 'now') return `${waiting}; ${end}; the log is full`;
  return logFull?.state === 'in'
    ? `${waiting}; ${end}; the log is full in about ${timeText(logFull.ms ?? 0)}`
    : `${waiting}; ${end}`;
}

function sizeText(bytes: number): string {
  if (bytes < 1_024 ** 2) return `${Math.ceil(bytes / 1_024)} KiB`;
  if (bytes < 1_024 ** 3) return `${(bytes / 1_024 ** 2).toFixed(1)} MiB`;
  return `${(bytes / 1_024 ** 3).toFixed(1)} GiB`;
}

function timeText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}
