import type { Clock } from './clock.js';
import { LimitedWarning } from './limited-warning.js';
import type { Logger } from './logger.js';
import type { SegmentChange } from './stream/log/log-writer.js';
import type { DownstreamReport } from './threads/downstream-protocol.js';
import type { ForwardingReport } from './threads/forwarding-protocol.js';

/** Devices that connect in a storm must not fill the log. */
const CLIENT_LINE_EVERY_MS = 1_000;

/** What the gateway says at debug level: a line a batch, a segment, and at most one a second for clients. */
export class DebugLines {
  readonly #logger: Logger;
  readonly #clients: LimitedWarning<'connected' | 'disconnected'>;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clients = new LimitedWarning(
      ({ code, heldBack, ...fields }, sentence) =>
        logger.debug({ ...fields, ...(heldBack > 0 ? { heldBack } : {}) }, sentence),
      clock,
      { everyMs: CLIENT_LINE_EVERY_MS },
    );
  }

  client(change: 'connected' | 'disconnected', clientId: string): void {
    if (this.#logger.isDebug) this.#clients.say(change, { clientId }, `a client has ${change}`);
  }

  segment({ kind, fileName, sizeBytes }: SegmentChange): void {
    this.#logger.debug({ fileName, sizeBytes }, `a segment of the log was ${kind}`);
  }

  /** A report comes after every batch; those in between have nothing new. */
  consumed(now: DownstreamReport, before: DownstreamReport | undefined): void {
    if (!this.#logger.isDebug || before === undefined) return;
    const records = now.book.decided - before.book.decided;
    if (records === 0) return;
    this.#logger.debug(
      {
        records,
        points: now.sink.pointsWritten - before.sink.pointsWritten,
        prepareMs: rounded(now.consumer.busyMs - before.consumer.busyMs),
        writeMs: rounded(now.consumer.writeTimes.sumMs - before.consumer.writeTimes.sumMs),
        inFlight: now.consumer.recordsInFlight,
      },
      'a batch is decided',
    );
  }

  forwarded(now: ForwardingReport, before: ForwardingReport | undefined): void {
    if (!this.#logger.isDebug || before === undefined) return;
    const records = now.book.decided - before.book.decided;
    if (records === 0) return;
    this.#logger.debug(
      {
        records,
        kinesisRecords: now.counters.kinesisRecordsSent - before.counters.kinesisRecordsSent,
        requests: now.counters.requests - before.counters.requests,
        waiting: now.counters.waitingRecords,
      },
      'a batch is in Kinesis',
    );
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
