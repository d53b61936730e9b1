import type { Clock } from '../lib/clock.js';
import { SluiceError } from '../lib/errors.js';
import { pause } from '../lib/timers.js';
import type { Warn } from '../lib/warnings.js';
import type { DeadLetterWriter } from './dead-letter-writer.js';
import type { ParkedRecord } from './parked-record.js';
import { type Keeping, type KeepingOptions, PayloadKeeping } from './payload-keeping.js';
import type { ReasonsWriter } from './reasons-writer.js';
import type { SenderBytes } from './sender-bytes.js';

/** What is needed to go on when devices have filled the dead letter; absent: every record waits for room. */
export interface KeepingParts extends KeepingOptions {
  /** The same dead letter. */
  readonly deadLetter: Pick<
    DeadLetterWriter,
    'appendLines' | 'beginFile' | 'sizeBytes' | 'maxSizeBytes' | 'end'
  >;
  readonly reasons: Pick<ReasonsWriter, 'append'>;
  readonly senders: SenderBytes;
  /** Drops the oldest parked file that has only records that devices cause; resolves with how many records that were. */
  readonly dropOldest: () => Promise<number>;
  readonly clock: Clock;
}

export interface ParkingDeps {
  readonly deadLetter: Pick<DeadLetterWriter, 'append'>;
  readonly warn: Warn;
  readonly keeping?: KeepingParts;
  /** Called when records begin to wait for room: the dead letter may have begun a new file then. */
  readonly onFull?: () => void;
  /** The pause between two tries while the dead letter is full. */
  readonly retryMs?: number;
}

const RETRY_MS = 1_000;

/** When nothing could be dropped, the files are not searched again for a while. */
const DROP_AGAIN_AFTER_MS = 1_000;

/** There may be room later: in the dead letter, or on the disk for what a drop has to note. */
export function isOutOfRoom(thrown: unknown): thrown is SluiceError {
  return thrown instanceof SluiceError && (thrown.code === 'DEAD_LETTER_FULL' || thrown.code === 'DISK_FULL');
}

/** Parked records whose payload is not kept, and how they are kept. */
export type NotKept = ReadonlyMap<ParkedRecord, Keeping>;

const ALL_WHOLE: NotKept = new Map();

/**
 * Parks records. Where devices fill the dead letter, or one sender its share, their payloads are given up, and
 * everything else waits while the dead letter is full. Calls must not overlap.
 */
export class Parking {
  readonly #deps: ParkingDeps;
  readonly #plans: PayloadKeeping | undefined;
  #blockedBy: string | undefined;
  #dropAgainAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: ParkingDeps) {
    this.#deps = deps;
    const { keeping } = deps;
    this.#plans = keeping && new PayloadKeeping(keeping, keeping.deadLetter, keeping.senders);
  }

  /** Why records wait, for a person; undefined while none waits. */
  get blockedBy(): string | undefined {
    return this.#blockedBy;
  }

  /**
   * Resolved: all are on disk, except for those that it resolves with: their payload is not kept. Rejects
   * with DEAD_LETTER_FULL or DISK_FULL once `signal` has aborted (nothing was written), or with DEAD_LETTER_FAILED.
   */
  async park(parked: readonly ParkedRecord[], signal: AbortSignal): Promise<NotKept> {
    for (;;) {
      try {
        const notKept = await this.#tryToPark(parked);
        this.#blockedBy = undefined;
        return notKept;
      } catch (thrown) {
        if (!isOutOfRoom(thrown)) throw thrown;
        if (this.#blockedBy === undefined) this.#deps.onFull?.();
        this.#blockedBy = thrown.message;
        this.#deps.warn({ code: thrown.code }, thrown.message);
        await pause(this.#deps.retryMs ?? RETRY_MS, signal);
        if (signal.aborted) throw thrown;
      }
    }
  }

  async #tryToPark(parked: readonly ParkedRecord[]): Promise<NotKept> {
    const { deadLetter, keeping } = this.#deps;
    const plans = this.#plans;
    if (keeping === undefined || plans === undefined) {
      await deadLetter.append(parked);
      return ALL_WHOLE;
    }
    let plan = plans.plan(parked);
    while (plan.missingBytes > 0 && keeping.whenFull === 'drop-oldest' && (await this.#dropOldest(keeping))) {
      plan = plans.plan(parked);
    }
    await keeping.deadLetter.appendLines(plan.whole.map(({ line }) => line));
    plans.kept(keeping.deadLetter.end.file, plan.whole);
    if (plan.withoutPayload.length === 0) return ALL_WHOLE;
    await keeping.deadLetter.beginFile();
    return this.#keepReasons(keeping, plan.withoutPayload);
  }

  async #dropOldest({ dropOldest, clock }: KeepingParts): Promise<boolean> {
    if (clock.monotonicMs() < this.#dropAgainAtMs) return false;
    const records = await dropOldest();
    if (records === 0) {
      this.#dropAgainAtMs = clock.monotonicMs() + DROP_AGAIN_AFTER_MS;
      return false;
    }
    this.#deps.warn(
      { code: 'DEAD_LETTER_RECORDS_DROPPED', records },
      'devices have filled the dead letter, and the oldest records that they caused were dropped',
    );
    return true;
  }

  async #keepReasons({ reasons }: KeepingParts, records: readonly ParkedRecord[]): Promise<NotKept> {
    const onDisk = await reasons.append(records);
    const { clientId, user, topic, code: reasonCode } = records[0]!;
    this.#deps.warn(
      {
        code: 'DEAD_LETTER_PAYLOADS_NOT_KEPT',
        records: records.length,
        ...(user && { user }),
        clientId,
        topic,
        reasonCode,
      },
      'a user or a client is over its share of the dead letter, or devices have filled it: records were parked without their payload',
    );
    return new Map(records.map((parked, i) => [parked, i < onDisk ? 'without-payload' : 'counted']));
  }
}
