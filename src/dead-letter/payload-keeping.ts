import { senderKey } from '../lib/sender.js';
import type { DeadLetterWriter } from './dead-letter-writer.js';
import { isCausedByDevice } from './park-codes.js';
import { type ParkedRecord, parkedLine } from './parked-record.js';
import type { SenderBytes } from './sender-bytes.js';

/** What a full dead letter means for records that a device causes: format, rule, time, size. All others always wait. */
export const WHEN_FULL = ['keep-reason', 'block', 'drop-oldest'] as const;
export type WhenFull = (typeof WHEN_FULL)[number];

export interface KeepingOptions {
  readonly whenFull: WhenFull;
  /** The share of the dead letter that the payloads of one user, or of one client without a user, may take, in percent. */
  readonly clientSharePercent: number;
}

/**
 * Devices may fill this much of the dead letter. The rest is for records that the store refused or that met a bug: these
 * wait when there is no room, and must not find it taken.
 */
const DEVICE_SHARE = 0.75;

/** How a parked record is kept. `counted`: not even its identity, because there was no room for that either. */
export type Keeping = 'whole' | 'without-payload' | 'counted';

export interface KeptRecord {
  readonly parked: ParkedRecord;
  readonly line: string;
}

/** The records of one batch, cut into those that are kept whole and those that lose their payload, in their order. */
export interface KeepingPlan {
  readonly whole: readonly KeptRecord[];
  readonly withoutPayload: readonly ParkedRecord[];
  /** Bytes that are missing for records whose sender is within its share; 0 when all of them fit. */
  readonly missingBytes: number;
}

/** Decides which records keep their payload. */
export class PayloadKeeping {
  readonly #options: KeepingOptions;
  readonly #deadLetter: Pick<DeadLetterWriter, 'sizeBytes' | 'maxSizeBytes'>;
  readonly #senders: SenderBytes;

  constructor(
    options: KeepingOptions,
    deadLetter: Pick<DeadLetterWriter, 'sizeBytes' | 'maxSizeBytes'>,
    senders: SenderBytes,
  ) {
    this.#options = options;
    this.#deadLetter = deadLetter;
    this.#senders = senders;
  }

  plan(records: readonly ParkedRecord[]): KeepingPlan {
    const lines = records.map((parked) => ({ parked, line: parkedLine(parked) }));
    if (this.#options.whenFull === 'block') return { whole: lines, withoutPayload: [], missingBytes: 0 };
    const { sizeBytes, maxSizeBytes } = this.#deadLetter;
    const senderLimit = (maxSizeBytes * this.#options.clientSharePercent) / 100;
    const whole: KeptRecord[] = [];
    const notKept: ParkedRecord[] = [];
    const planned = new Map<string, number>();
    let missingBytes = 0;
    let room = maxSizeBytes * DEVICE_SHARE - sizeBytes;
    for (const one of lines) {
      const { parked, line } = one;
      const bytes = Buffer.byteLength(line);
      if (!isCausedByDevice(parked.code)) {
        whole.push(one);
        room -= bytes;
        continue;
      }
      const sender = senderKey(parked);
      const ofSender = (planned.get(sender) ?? 0) + bytes;
      const isOverShare = this.#senders.of(sender) + ofSender > senderLimit;
      if (isOverShare || bytes > room) {
        if (!isOverShare) missingBytes += bytes;
        notKept.push(parked);
        continue;
      }
      planned.set(sender, ofSender);
      room -= bytes;
      whole.push(one);
    }
    return { whole, withoutPayload: notKept, missingBytes };
  }

  /** The records are in the file of this number. */
  kept(file: number, records: readonly KeptRecord[]): void {
    for (const { parked, line } of records) {
      if (isCausedByDevice(parked.code)) this.#senders.add(file, senderKey(parked), Buffer.byteLength(line));
    }
  }
}
