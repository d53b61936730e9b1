import type { DurableWrites } from './durable-writes.js';
import type { MqttSession } from './mqtt-session.js';
import { type KeptMessage, type OwedMessage, owedBytes } from './owed-message.js';
import { encodeSessionEntry } from './session-entry.js';
import { MAX_QUEUED_MESSAGES, type SessionOptions } from './session-options.js';

/** Over the bound of all clients, so much of it is freed at once: the longest queue is searched for only then. */
const FREED_PART = 1 / 256;

export interface OwedTotalsDeps {
  readonly writes: DurableWrites;
  /** Every session that may have messages; one may come twice. */
  readonly sessions: () => Iterable<MqttSession>;
  /** A full queue has lost its oldest message. */
  readonly onDropped: (session: MqttSession) => void;
}

/**
 * OwedTotals counts what sessions are owed, and keeps what waits within its bounds: over them the oldest message that is
 * not in flight goes. A message counts for each session that is owed it, although it is kept once: who has many
 * subscribers cannot have more than the bounds say.
 */
export class OwedTotals {
  readonly #options: SessionOptions;
  readonly #deps: OwedTotalsDeps;
  readonly #maxMessages: number;
  #messages = 0;
  #bytes = 0;
  #waitingBytes = 0;
  #keptBytes = 0;
  #dropped = 0;

  constructor(options: SessionOptions, deps: OwedTotalsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#maxMessages = Math.min(options.maxQueuedMessages, MAX_QUEUED_MESSAGES);
  }

  /** Messages that wait for a client or for its acknowledgement. */
  get messages(): number {
    return this.#messages;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Bytes of the messages that durable sessions are owed, each counted once. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** A packet was added to the queue of a session that ends with its connection. Call `keepWithinBounds`. */
  packetAdded(countedBytes: number): void {
    this.#messages += 1;
    this.#bytes += countedBytes;
    this.#waitingBytes += countedBytes;
  }

  /** A packet was taken from there, or lost. */
  packetReleased(countedBytes: number): void {
    this.#messages -= 1;
    this.#bytes -= countedBytes;
    this.#waitingBytes -= countedBytes;
  }

  /** Puts a message at the end of the queue of a durable session. Call `keepWithinBounds` when it is in the journal. */
  add(session: MqttSession, owed: OwedMessage): void {
    const bytes = owedBytes(owed.message);
    session.waiting.push(owed);
    this.#messages += 1;
    this.#bytes += bytes;
    this.#waitingBytes += bytes;
    if (owed.message.references === 0) this.#keptBytes += bytes;
    owed.message.references += 1;
  }

  keepWithinBounds(session: MqttSession): void {
    const { maxQueuedBytes, maxTotalBytes } = this.#options;
    while (session.waitingMessages > this.#maxMessages || session.waitingBytes > maxQueuedBytes)
      this.#dropOldest(session);
    if (this.#waitingBytes > maxTotalBytes) this.#dropUntil(maxTotalBytes * (1 - FREED_PART));
  }

  /** A message that is not kept was sent. */
  sentUnkept(): void {
    this.#messages += 1;
  }

  /** A message that was taken from the queue is sent. */
  nowInFlight(session: MqttSession, { message }: OwedMessage): void {
    const bytes = owedBytes(message);
    this.#waitingBytes -= bytes;
    session.inFlightBytes += bytes;
  }

  /** A message that was taken from the queue is no longer owed. */
  waitingReleased({ message }: OwedMessage): void {
    this.packetReleased(owedBytes(message));
    this.#release(message);
  }

  /** A message that was in flight is no longer owed; undefined when it was not kept. */
  inFlightReleased(session: MqttSession, owed: OwedMessage | undefined): void {
    this.#messages -= 1;
    if (owed === undefined) return;
    const bytes = owedBytes(owed.message);
    this.#bytes -= bytes;
    session.inFlightBytes -= bytes;
    this.#release(owed.message);
  }

  /** The session ends: it is owed nothing. */
  ended(session: MqttSession): void {
    for (let owed = session.waiting.take(); owed !== undefined; owed = session.waiting.take()) {
      this.waitingReleased(owed);
    }
    while (session.packets.length > 0) this.packetReleased(session.packets.drop());
    for (const { owed } of session.inFlight.values()) this.inFlightReleased(session, owed);
    session.inFlight.clear();
    session.received.clear();
    session.resend = [];
  }

  #release(message: KeptMessage): void {
    message.references -= 1;
    if (message.references === 0) this.#keptBytes -= owedBytes(message);
  }

  #dropOldest(session: MqttSession): void {
    if (session.isDurable) this.#dropKept(session);
    else this.packetReleased(session.packets.drop());
    this.#dropped += 1;
    this.#deps.onDropped(session);
  }

  #dropKept(session: MqttSession): void {
    const owed = session.waiting.take();
    if (owed === undefined) return;
    this.waitingReleased(owed);
    const { id: sessionId } = session;
    this.#deps.writes.append(encodeSessionEntry({ kind: 'done', sessionId, packetId: owed.packetId }));
  }

  /** The longest queues lose their oldest messages, each at most half of what it has. */
  #dropUntil(bytes: number): void {
    while (this.#waitingBytes > bytes) {
      let longest: MqttSession | undefined;
      for (const session of this.#deps.sessions()) {
        if (session.waitingBytes > (longest?.waitingBytes ?? 0)) longest = session;
      }
      if (longest === undefined) return;
      const half = longest.waitingBytes / 2;
      while (this.#waitingBytes > bytes && longest.waitingBytes > half) this.#dropOldest(longest);
    }
  }
}
