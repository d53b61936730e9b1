import type { CommitCompanion } from '../../lib/commit-companion.js';
import type { SluiceError } from '../../lib/errors.js';
import { Journal } from '../../lib/journal/journal.js';
import type { JournalFiles } from '../../lib/journal/journal-files.js';
import type { RecoveredJournal } from '../../lib/journal/open-journal-file.js';
import type { Warn } from '../../lib/warnings.js';
import type { QoS } from '../protocol/packets.js';
import { decodeEntry, encodeRemoval, encodeSet, entryBytes, RETAINED_FORMAT } from './retained-entry.js';
import type { RetainedCounters, RetainedMessage, RetainedMessages } from './retained-messages.js';
import { TopicTree } from './topic-tree.js';

export interface RetainedLimits {
  readonly maxMessages: number;
  /** Topics and payloads, and what each costs beside. */
  readonly maxBytes: number;
}

export const RETAINED_DEFAULTS: RetainedLimits = { maxMessages: 100_000, maxBytes: 64 * 1024 * 1024 };

export interface RetainedDeps {
  readonly warn: Warn;
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

/**
 * KeptRetained keeps the last retained message of each topic within two bounds, in memory and, with a journal, on disk. At a
 * bound a message is not retained; it was stored like any other. A message of its topic that was retained before goes then,
 * because it is no longer the last one.
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

  /** Without a journal: what is retained ends with the process. */
  constructor(limits: RetainedLimits, deps: RetainedDeps) {
    this.#limits = limits;
    this.#deps = deps;
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

  set(topic: string, payload: Buffer, qos: QoS): void {
    const before = this.#messages.get(topic);
    if (payload.length === 0) {
      this.#remove(before);
      return;
    }
    // Devices repeat their retained messages at every start: nothing changes.
    if (before?.qos === qos && before.payload.equals(payload)) return;
    if (!this.#hasRoom(topic, payload, before)) {
      this.#remove(before);
      this.#refuse(topic);
      return;
    }
    const message = { topic, payload: copyOf(payload), qos };
    this.#put(message, before);
    this.#journal?.append(encodeSet(message));
  }

  matching(filter: string): Iterable<RetainedMessage> {
    return this.#messages.matching(filter);
  }

  counters(): RetainedCounters {
    return { messages: this.#count, bytes: this.#bytes, refused: this.#refused };
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }

  get #bytes(): number {
    return this.#contentBytes + this.#count * MESSAGE_BYTES + this.#messages.levels * LEVEL_BYTES;
  }

  #hasRoom(topic: string, payload: Buffer, before: RetainedMessage | undefined): boolean {
    const { maxMessages, maxBytes } = this.#limits;
    if (before === undefined && this.#count >= maxMessages) return false;
    const content = contentBytes({ topic, payload });
    // All levels of a new topic count here, also those that another topic has.
    const added =
      before === undefined
        ? content + MESSAGE_BYTES + topic.split('/').length * LEVEL_BYTES
        : content - contentBytes(before);
    return added <= 0 || this.#bytes + added <= maxBytes;
  }

  #put(message: RetainedMessage, before: RetainedMessage | undefined): void {
    if (before === undefined) this.#count += 1;
    else this.#contentBytes -= contentBytes(before);
    this.#contentBytes += contentBytes(message);
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
    const { topic, payload, qos } = change;
    const before = this.#messages.get(topic);
    if (payload !== undefined) this.#put({ topic, payload: copyOf(payload), qos }, before);
    else if (before !== undefined) this.#forget(before);
  }

  *#snapshot(): Iterable<Buffer> {
    for (const message of this.#messages.values()) yield encodeSet(message);
  }
}

function contentBytes({ topic, payload }: { readonly topic: string; readonly payload: Buffer }): number {
  return Buffer.byteLength(topic) + payload.length;
}

/** Of its own: a part of a shared pool would keep the whole pool. */
function copyOf(payload: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(payload.length);
  payload.copy(copy);
  return copy;
}
