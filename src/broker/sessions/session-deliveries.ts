import { type Clock, SystemClock } from '../../lib/clock.js';
import type { Warn } from '../../lib/warnings.js';
import type { SubscribePacket, UnsubscribePacket } from '../protocol/packets.js';
import type { RetainedMessages } from '../retained/retained-messages.js';
import type { Deliveries, DeliveryCounters, Outlet, PublishedMessage, SessionStart } from './deliveries.js';
import { DurableWrites, type SessionJournal } from './durable-writes.js';
import { MessageSender } from './message-sender.js';
import { MqttSession } from './mqtt-session.js';
import { OwedTotals } from './owed-totals.js';
import { OwedWriter } from './owed-writer.js';
import { RetainedSender } from './retained-sender.js';
import { SentCounts } from './sent-counts.js';
import { SESSION_DEFAULTS, type SessionOptions } from './session-options.js';
import { SessionPublisher } from './session-publisher.js';
import { SessionRestore } from './session-restore.js';
import { sessionSnapshot } from './session-snapshot.js';
import { SessionWarnings } from './session-warnings.js';
import { StoredSessions } from './stored-sessions.js';
import { SubscriptionRouter } from './subscription-router.js';
import { Subscriptions } from './subscriptions.js';

/** It costs nothing until the next session is to end. */
const EXPIRY_EVERY_MS = 5_000;

export interface SessionDeliveriesDeps {
  readonly warn: Warn;
  readonly clock?: Clock;
  /** Absent: nothing is retained. */
  readonly retained?: RetainedMessages;
}

/**
 * SessionDeliveries keeps the sessions of clients and delivers to them. What durable sessions are owed is appended to
 * their journal in the call of `publish`. To restore: `restore` for each entry of the journal, then `open`. Without a
 * journal, sessions last as long as the process.
 */
export class SessionDeliveries implements Deliveries {
  readonly #router = new SubscriptionRouter<MqttSession>();
  readonly #writes = new DurableWrites();
  readonly #sessions: StoredSessions;
  readonly #totals: OwedTotals;
  readonly #sender: MessageSender;
  readonly #owed: OwedWriter;
  readonly #publisher: SessionPublisher;
  readonly #retained: RetainedSender;
  readonly #subscriptions: Subscriptions;
  /** The sessions of connected clients. A client without a durable session has one once it subscribes. */
  readonly #connected = new Map<Outlet, MqttSession>();
  readonly #expiry: NodeJS.Timeout;
  #restore: SessionRestore | undefined;
  readonly #counts = new SentCounts();
  readonly #nowMs: () => number;

  constructor(
    options: Partial<SessionOptions>,
    { warn, retained, clock = new SystemClock() }: SessionDeliveriesDeps,
  ) {
    this.#nowMs = () => Number(clock.nowNs() / NS_PER_MS);
    const bounds = { ...SESSION_DEFAULTS, ...options };
    const warnings = new SessionWarnings(bounds, warn, clock);
    this.#sessions = new StoredSessions(bounds, {
      clock,
      writes: this.#writes,
      onEnd: (session) => this.#ended(session),
      onOverLimit: (session) => warnings.overLimit(session),
    });
    this.#totals = new OwedTotals(bounds, {
      writes: this.#writes,
      sessions: () => this.#all(),
      onDropped: (session) => warnings.queueFull(session),
    });
    this.#sender = new MessageSender(this.#writes, this.#totals, this.#counts, this.#nowMs);
    this.#owed = new OwedWriter({
      writes: this.#writes,
      totals: this.#totals,
      sender: this.#sender,
      counts: this.#counts,
      nowMs: this.#nowMs,
    });
    this.#publisher = new SessionPublisher({
      router: this.#router,
      sender: this.#sender,
      owed: this.#owed,
      counts: this.#counts,
      nowMs: this.#nowMs,
    });
    this.#retained = new RetainedSender({
      retained: retained ?? { set: () => undefined, matching: () => [], counters: () => NOTHING_RETAINED },
      writes: this.#writes,
      owe: (...owed) => this.#owed.oweRetained(...owed),
      counts: this.#counts,
      nowMs: this.#nowMs,
    });
    this.#subscriptions = new Subscriptions(this.#router, this.#writes, this.#retained);
    this.#restore = new SessionRestore({
      sessions: this.#sessions,
      totals: this.#totals,
      subscribe: (...subscription) => this.#subscriptions.restore(...subscription),
      unsubscribe: (session, filter) => this.#subscriptions.remove(session, filter),
    });
    this.#expiry = setInterval(() => this.#sessions.expire(), EXPIRY_EVERY_MS).unref();
  }

  /** Takes an entry of the journal, in order; before `open`. The bytes are valid during the call. */
  restore(entry: Buffer): void {
    this.#restore?.take(entry);
  }

  /** The journal is read: from now on changes are appended to it. */
  open(journal: SessionJournal): void {
    this.#owed.lastMessageId = this.#restore?.finish() ?? 0;
    this.#restore = undefined;
    this.#writes.open(journal);
    this.#sessions.restored();
  }

  /** Entries that make the present state. It is copied during the call. */
  snapshot(): Iterable<Buffer> {
    return sessionSnapshot(this.#sessions.all());
  }

  /** About how long all entries of a snapshot are. */
  get liveBytes(): number {
    return (
      this.#totals.keptBytes +
      this.#totals.messages * 32 +
      this.#sessions.size * 256 +
      this.#router.size * 128
    );
  }

  get isNeeded(): boolean {
    return this.#router.size > 0;
  }

  publish(message: PublishedMessage): void {
    this.#publisher.publish(message);
  }

  attach(
    outlet: Outlet,
    { isCleanStart, expirySeconds: askedSeconds }: SessionStart,
  ): { readonly isPresent: boolean; readonly expirySeconds: number } {
    this.#sessions.expire();
    const stored = this.#sessions.find(outlet);
    // [MQTT-3.1.2-4]
    if (isCleanStart && stored !== undefined) this.#sessions.end(stored);
    const expirySeconds = this.#sessions.granted(outlet, askedSeconds);
    const kept = isCleanStart ? undefined : stored;
    if (kept === undefined && expirySeconds === 0) return { isPresent: false, expirySeconds };
    if (kept?.outlet !== undefined) this.detach(kept.outlet);
    const session = kept ?? this.#sessions.create(outlet, expirySeconds);
    session.outlet = outlet;
    this.#connected.set(outlet, session);
    if (kept === undefined) return { isPresent: false, expirySeconds };
    this.#sessions.present(session, outlet, expirySeconds);
    // The rules may have changed while the client was absent.
    this.#subscriptions.judgeAgain(session, outlet);
    return { isPresent: true, expirySeconds };
  }

  begin(outlet: Outlet): void {
    const session = this.#connected.get(outlet);
    if (session === undefined) return;
    session.hasBegun = true;
    this.#sender.begin(session, outlet);
    this.#retained.begin(session);
    this.#pump(session);
  }

  detach(outlet: Outlet, end?: { readonly expirySeconds: number }): void {
    const session = this.#connected.get(outlet);
    if (session === undefined) return;
    this.#connected.delete(outlet);
    session.outlet = undefined;
    session.hasBegun = false;
    if (!session.isDurable) this.#ended(session);
    else if (this.#sessions.get(session.id) === session) {
      const expirySeconds = this.#sessions.granted(outlet, end?.expirySeconds ?? session.expirySeconds);
      if (expirySeconds === 0) this.#sessions.end(session);
      else this.#sessions.absent(session, expirySeconds);
    }
  }

  subscribe(outlet: Outlet, packet: SubscribePacket): void {
    let session = this.#connected.get(outlet);
    if (session === undefined) {
      session = new MqttSession(0, outlet);
      session.outlet = outlet;
      session.hasBegun = true;
      this.#connected.set(outlet, session);
    }
    this.#subscriptions.subscribe(session, outlet, packet, () => this.#pump(session));
  }

  unsubscribe(outlet: Outlet, packet: UnsubscribePacket): void {
    this.#subscriptions.unsubscribe(this.#connected.get(outlet), outlet, packet);
  }

  judgeAgain(outlet: Outlet): readonly string[] {
    const session = this.#connected.get(outlet);
    return session === undefined ? [] : this.#subscriptions.judgeAgain(session, outlet);
  }

  filtersOf(outlet: Outlet): readonly string[] {
    return [...(this.#connected.get(outlet)?.subscriptions.keys() ?? [])];
  }

  puback(outlet: Outlet, packetId: number): void {
    const session = this.#connected.get(outlet);
    if (session === undefined) return;
    this.#sender.puback(session, packetId);
    this.#retained.pump(session);
  }

  pubrec(outlet: Outlet, packetId: number, reasonCode = 0): void {
    const session = this.#connected.get(outlet) ?? new MqttSession(0, outlet);
    if (reasonCode >= 0x80) this.#sender.refused(session, packetId);
    else this.#sender.pubrec(session, outlet, packetId);
  }

  pubcomp(outlet: Outlet, packetId: number): void {
    const session = this.#connected.get(outlet);
    if (session === undefined) return;
    this.#sender.pubcomp(session, packetId);
    this.#retained.pump(session);
  }

  writable(outlet: Outlet): void {
    const session = this.#connected.get(outlet);
    if (session !== undefined) this.#pump(session);
  }

  counters(): DeliveryCounters {
    let observers = 0;
    for (const { subscriptions } of this.#connected.values()) if (subscriptions.size > 0) observers += 1;
    return {
      observers,
      subscriptions: this.#router.size,
      sessions: this.#sessions.size,
      queuedMessages: this.#totals.messages,
      queuedBytes: this.#totals.bytes,
      sent: this.#counts.sent,
      skipped: this.#counts.skipped,
      expired: this.#counts.expired,
      tooLarge: this.#counts.tooLarge,
      dropped: this.#totals.dropped,
    };
  }

  /** Nothing is sent or kept any more. */
  close(): void {
    clearInterval(this.#expiry);
    this.#writes.close();
  }

  #pump(session: MqttSession): void {
    this.#sender.pump(session);
    this.#retained.pump(session);
  }

  #ended(session: MqttSession): void {
    for (const subscription of session.subscriptions.values()) this.#router.remove(subscription);
    session.subscriptions.clear();
    session.retainedOwed = [];
    session.backlog = undefined;
    this.#totals.ended(session);
  }

  *#all(): Iterable<MqttSession> {
    yield* this.#sessions.all();
    yield* this.#connected.values();
  }
}

const NS_PER_MS = 1_000_000n;
const NOTHING_RETAINED = { messages: 0, bytes: 0, refused: 0, expired: 0 };
