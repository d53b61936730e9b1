import type { ParkedRecord } from '../dead-letter/parked-record.js';
import type { PreparedBatch, RejectedSource } from './prepare-batch.js';

/** How many topics are remembered; beyond it those whose last parked message is the oldest are forgotten. */
export const MAX_UNREADABLE_TOPICS = 10_000;
/** A longer topic is not remembered, and of a longer reason the beginning is kept. */
export const MAX_TOPIC_CHARACTERS = 512;
const MAX_REASON_CHARACTERS = 300;
/** A topic that is silent for so long is not unreadable any more. */
const FORGET_AFTER_MS = 86_400_000;

const NS_PER_MS = 1_000_000n;

/** A topic whose newest message was parked, without one that was written since. */
export interface UnreadableTopic {
  readonly topic: string;
  /** Who sent the newest message. */
  readonly clientId: string;
  readonly user?: string;
  readonly code: string;
  readonly reason: string;
  readonly rule?: string;
  /** Receive time of the first and of the last message that was parked, ms since 1970. */
  readonly sinceMs: number;
  readonly lastMs: number;
  /** How many were parked since then. */
  readonly count: number;
}

interface Entry {
  readonly parked: Pick<ParkedRecord, 'clientId' | 'user' | 'code' | 'reason' | 'rule'>;
  readonly sinceNs: bigint;
  readonly lastNs: bigint;
  readonly count: number;
}

/**
 * UnreadableTopics remembers the topics whose messages are parked now. It gets each batch that is completed; while no
 * topic is unreadable, the records that were written cost nothing.
 */
export class UnreadableTopics {
  readonly #topics = new Map<string, Entry>();

  note(prepared: PreparedBatch, rejected: readonly RejectedSource[]): void {
    for (const part of prepared.parts) for (const parked of part.parked) this.#parked(parked);
    for (const { parked } of rejected) this.#parked(parked);
    if (this.#topics.size === 0) return;
    const refused = new Set(rejected.map(({ parked }) => parked.receivedAtNs));
    for (const { record, isParked } of prepared.sources) {
      if (isParked !== true && !refused.has(record.receivedAtNs)) this.written(record);
    }
  }

  /** A record of the topic is in the store, also by a replay. */
  written({ topic, receivedAtNs }: Pick<ParkedRecord, 'topic' | 'receivedAtNs'>): void {
    const known = this.#topics.get(topic);
    if (known === undefined || receivedAtNs < known.sinceNs) return;
    if (receivedAtNs >= known.lastNs) this.#topics.delete(topic);
    // Within one batch it may lie between two that were parked.
    else this.#topics.set(topic, { ...known, sinceNs: known.lastNs, count: 1 });
  }

  /** Those of the last day, the ones that were parked last at the end. */
  list(nowMs: number): readonly UnreadableTopic[] {
    const all: UnreadableTopic[] = [];
    for (const [topic, { parked, sinceNs, lastNs, count }] of this.#topics) {
      const lastMs = Number(lastNs / NS_PER_MS);
      if (nowMs - lastMs > FORGET_AFTER_MS) this.#topics.delete(topic);
      else all.push({ topic, ...parked, sinceMs: Number(sinceNs / NS_PER_MS), lastMs, count });
    }
    return all;
  }

  #parked({ topic, clientId, user, code, reason, rule, receivedAtNs }: ParkedRecord): void {
    if (topic.length > MAX_TOPIC_CHARACTERS) return;
    const known = this.#topics.get(topic);
    if (known !== undefined && receivedAtNs < known.lastNs) return;
    this.#topics.delete(topic);
    this.#topics.set(topic, {
      parked: {
        clientId,
        ...(user !== undefined && { user }),
        code,
        reason: reason.slice(0, MAX_REASON_CHARACTERS),
        ...(rule !== undefined && { rule }),
      },
      sinceNs: known?.sinceNs ?? receivedAtNs,
      lastNs: receivedAtNs,
      count: (known?.count ?? 0) + 1,
    });
    if (this.#topics.size <= MAX_UNREADABLE_TOPICS) return;
    const [oldest] = this.#topics.keys();
    if (oldest !== undefined) this.#topics.delete(oldest);
  }
}
