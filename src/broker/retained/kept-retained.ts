import { type Clock, SystemClock } from '../../lib/clock.js';
import type { CommitCompanion } from '../../lib/commit-companion.js';
import type { SluiceError } from '../../lib/errors.js';
import { Journal } from '../../lib/journal/journal.js';
import type { JournalFiles } from '../../lib/journal/journal-files.js';
import type { RecoveredJournal } from '../../lib/journal/open-journal-file.js';
import type { MessageProperties } from '../../lib/message-properties.js';
import type { Warn } from '../../lib/warnings.js';
import { isExpired, type KeptProperties, keepProperties } from '../protocol/kept-properties.js';
import type { QoS } from '../protocol/packets.js';
import {
  decodeEntry,
  encodeRemoval,
  encodeSet,
  entryBytes,
  propertiesBytes,
  RETAINED_FORMAT,
} from './retained-entry.js';
import type { RetainedCounters, RetainedMessage, RetainedMessages } from './retained-messages.js';
import { TopicTree } from './topic-tree.js';

export interface RetainedLimits {
  readonly maxMessages: number;
  /** Topics, payloads and properties, and what each costs beside. */
  readonly maxBytes: number;
}

export const RETAINED_DEFAULTS: RetainedLimits = { maxMessages: 100_000, maxBytes: 64 * 1024 * 1024 };

export interface RetainedDeps {
  readonly warn: Warn;
  readonly clock?: Clock | undefined;
}

export interface RetainedJournalDeps extends RetainedDeps {
  /** Called once when the journal cannot be written: the process must stop. */
  readonly onFailure: (failure: SluiceError) => void;
  /** Absent: those of the disk. */
  readonly files?: JournalFiles;
}

/** What a message takes in memory beside topic and payload, about, and each level of a topic. */
const MESSAGE_BYTES = 300;
const LEVEL_BYTES = 100;
/** The journal holds the messages at most twice before it is compacted, and what is set meanwhile. */
const JOURNAL_FACTOR = 4;
const JOURNAL_BYTES = 64 * 1024 * 1024;

const EXPIRY_EVERY_MS = 60_000;
const NS_PER_MS = 1_000_000n;

/**
 * KeptRetained keeps the last retained message of each topic within two bounds, in memory and, with a journal, on disk. At a
 * bound a message is not retained; it was stored like any other. A message of its topic that was retained before goes then,
 * because it is no longer the last one. What has expired (MQTT 5) is not found any more, and removed in a sweep.
 */
export class KeptRetained implements RetainedMessages {
  readonly #limits: RetainedLimits;
  readonly #deps: RetainedDeps;
  readonly #messages = new TopicTree<RetainedMessage>();
  #journal: Journal | undefined;
  #count = 0;
  /** Of topics and payloads. */
  #contentBytes = 0;
  #refused = 0;
  /** Those that expire. */
  readonly #expiring = new Set<RetainedMessage>();
  /** None expires before. */
  #nextExpiryMs = Number.POSITIVE_INFINITY;
  #expired = 0;
  readonly #clock: Clock;
  /** Runs as soon as there is one that expires. */
  #sweep: NodeJS.Timeout | undefined;

  /** Without a journal: what is retained ends with the process. */
  constructor(limits: RetainedLimits, deps: RetainedDeps) {
    this.#limits = limits;
    this.#deps = deps;
    this.#clock = deps.clock ?? new SystemClock();
  }

  /**
   * Reads what former processes have retained in the directory, also where a bound is lower now. Rejects as `Journal.open`
   * does.
   */
  static async open(
    directory: string,
    limits: RetainedLimits,
    deps: RetainedJournalDeps,
  ): Promise<KeptRetained> {
    const retained = new KeptRetained(limits, deps);
    retained.#journal = await Journal.open({
      directory,
      format: RETAINED_FORMAT,
      onEntry: (entry) => retained.#replay(entry),
      snapshot: () => retained.#snapshot(),
      liveBytes: () => entryBytes(0, 0) * retained.#count + retained.#contentBytes,
      maxBytes: JOURNAL_FACTOR * limits.maxBytes + JOURNAL_BYTES,
      onFailure: deps.onFailure,
      files: deps.files,
    });
    return retained;
  }

  /** What must be durable before a message is acknowledged; undefined without a journal. */
  get companion(): CommitCompanion | undefined {
    return this.#journal;
  }

  /** What the start has found on disk. */
  get recovered(): RecoveredJournal | undefined {
    return this.#journal?.recovered;
  }

  set(topic: string, payload: Buffer, qos: QoS, properties?: MessageProperties): void {
    let before = this.#messages.get(topic);
    if (payload.length === 0) {
      this.#remove(before);
      return;
    }
    // Devices repeat their retained messages at every start: nothing changes.
    const kept = keepProperties(properties, this.#nowMs());
    if (before?.qos === qos && before.payload.equals(payload) && isSame(before.properties, kept)) return;
    const message = { topic, payload, qos, properties: kept };
    if (!this.#hasRoom(message, before)) {
      // What has expired must not keep others out.
      this.#expire();
      before = this.#messages.get(topic);
    }
    if (!this.#hasRoom(message, before)) {
      this.#remove(before);
      this.#refuse(topic);
      return;
    }
    this.#put({ ...message, payload: copyOf(payload) }, before);
    this.#journal?.append(encodeSet(message));
  }

  *matching(filter: string): Iterable<RetainedMessage> {
    const nowMs = this.#expiring.size === 0 ? 0 : this.#nowMs();
    for (const message of this.#messages.matching(filter)) {
      if (!isExpired(message.properties, nowMs)) yield message;
    }
  }

  counters(): RetainedCounters {
    return { messages: this.#count, bytes: this.#bytes, refused: this.#refused, expired: this.#expired };
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    await this.#journal?.close();
  }

  get #bytes(): number {
    return this.#contentBytes + this.#count * MESSAGE_BYTES + this.#messages.levels * LEVEL_BYTES;
  }

  #nowMs(): number {
    return Number(this.#clock.nowNs() / NS_PER_MS);
  }

  #hasRoom(message: RetainedMessage, before: RetainedMessage | undefined): boolean {
    const { maxMessages, maxBytes } = this.#limits;
    if (before === undefined && this.#count >= maxMessages) return false;
    const content = contentBytes(message);
    // All levels of a new topic count here, also those that another topic has.
    const added =
      before === undefined
        ? content + MESSAGE_BYTES + message.topic.split('/').length * LEVEL_BYTES
        : content - contentBytes(before);
    return added <= 0 || this.#bytes + added <= maxBytes;
  }

  #put(message: RetainedMessage, before: RetainedMessage | undefined): void {
    if (before === undefined) {
      this.#count += 1;
    } else {
      this.#contentBytes -= contentBytes(before);
      this.#expiring.delete(before);
    }
    this.#contentBytes += contentBytes(message);
    const expiresAtMs = message.properties?.expiresAtMs;
    if (expiresAtMs !== undefined) {
      this.#expiring.add(message);
      this.#sweep ??= setInterval(() => this.#expire(), EXPIRY_EVERY_MS).unref();
      this.#nextExpiryMs = Math.min(this.#nextExpiryMs, expiresAtMs);
    }
    this.#messages.set(message.topic, message);
  }

  #remove(before: RetainedMessage | undefined): void {
    if (before === undefined) return;
    this.#forget(before);
    this.#journal?.append(encodeRemoval(before.topic));
  }

  #forget(message: RetainedMessage): void {
    this.#messages.delete(message.topic);
    this.#count -= 1;
    this.#contentBytes -= contentBytes(message);
    this.#expiring.delete(message);
  }

  /** Removes what has expired. */
  #expire(): void {
    const nowMs = this.#nowMs();
    if (nowMs < this.#nextExpiryMs) return;
    let nextExpiryMs = Number.POSITIVE_INFINITY;
    for (const message of this.#expiring) {
      if (isExpired(message.properties, nowMs)) {
        this.#remove(message);
        this.#expired += 1;
      } else {
        nextExpiryMs = Math.min(nextExpiryMs, message.properties?.expiresAtMs ?? nextExpiryMs);
      }
    }
    this.#nextExpiryMs = nextExpiryMs;
  }

  #refuse(topic: string): void {
    this.#refused += 1;
    const { messages, bytes } = this.counters();
    this.#deps.warn(
      { code: 'BROKER_RETAINED_FULL', topic, messages, bytes },
      'a message was stored and not retained, because the limit of retained messages is reached',
    );
  }

  #replay(entry: Buffer): void {
    const change = decodeEntry(entry);
    if (change === undefined) return;
    const { topic, payload, qos, properties } = change;
    const before = this.#messages.get(topic);
    if (payload !== undefined) this.#put({ topic, payload: copyOf(payload), qos, properties }, before);
    else if (before !== undefined) this.#forget(before);
  }

  *#snapshot(): Iterable<Buffer> {
    for (const message of this.#messages.values()) yield encodeSet(message);
  }
}

function contentBytes({ topic, payload, properties }: RetainedMessage): number {
  return Buffer.byteLength(topic) + payload.length + propertiesBytes(properties);
}

/** What expires is never the same: its time begins again. */
function isSame(before: KeptProperties | undefined, now: KeptProperties | undefined): boolean {
  if (before === undefined || now === undefined) return before === now;
  if (before.expiresAtMs !== undefined || now.expiresAtMs !== undefined) return false;
  return before.bytes.equals(now.bytes);
}

/** Of its own: a part of a shared pool would keep the whole pool. */
function copyOf(payload: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(payload.length);
  payload.copy(copy);
  return copy;
}
