import type { Clock } from '../lib/clock.js';
import { LimitedWarning } from '../lib/limited-warning.js';
import type { Logger } from '../lib/logger.js';
import type { ConsumeReport } from '../pipeline/consume-protocol.js';
import type { ForwardReport } from '../pipeline/forward-protocol.js';
import type { SegmentChange } from '../stream/log/log-segments.js';

/** Devices that connect in a storm must not fill the log. */
const CLIENT_LINE_INTERVAL_MS = 1_000;

/** Logs at debug level: a line for each batch and each segment, and at most one line a second for clients. */
export class DebugLines {
  readonly #logger: Logger;
  readonly #clients: LimitedWarning<'connected' | 'disconnected'>;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clients = new LimitedWarning(
      ({ code, heldBack, ...fields }, sentence) =>
        logger.debug({ ...fields, heldBack: heldBack > 0 ? heldBack : undefined }, sentence),
      clock,
      { everyMs: CLIENT_LINE_INTERVAL_MS },
    );
  }

  client(
    change: 'connected' | 'disconnected',
    { clientId, user }: { readonly clientId: string; readonly user: string },
  ): void {
    if (!this.#logger.isDebug) return;
    this.#clients.log(change, { clientId, user: user === '' ? undefined : user }, `a client has ${change}`);
  }

  segment({ kind, fileName, sizeBytes }: SegmentChange): void {
    this.#logger.debug({ fileName, sizeBytes }, `a segment of the log was ${kind}`);
  }

  /** A report comes after every batch; further ones in between have nothing new. */
  consumed(now: ConsumeReport, before: ConsumeReport | undefined): void {
    if (!this.#logger.isDebug || before === undefined) return;
    const records = now.ledger.processed - before.ledger.processed;
    if (records === 0) return;
    this.#logger.debug(
      {
        records,
        points: now.sink.pointsWritten - before.sink.pointsWritten,
        prepareMs: rounded(now.consumer.busyMs - before.consumer.busyMs),
        writeMs: rounded(now.consumer.writeTimes.sumMs - before.consumer.writeTimes.sumMs),
        inFlight: now.consumer.recordsInFlight,
      },
      'a batch has been processed',
    );
  }

  forwarded(now: ForwardReport, before: ForwardReport | undefined): void {
    if (!this.#logger.isDebug || before === undefined) return;
    const records = now.ledger.processed - before.ledger.processed;
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
