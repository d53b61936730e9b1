import { Broker, type BrokerCounters, type BrokerDeps, type BrokerOptions } from '../broker/broker.js';
import { noPaces } from '../broker/limits/read-paces.js';
import { createRefusalCounts } from '../broker/refusals.js';
import { withinDeadline } from '../lib/lifecycle.js';

/**
 * The broker as the rest of the gateway sees it: it starts last and stops first, and its counters can be read before,
 * while and after it listens.
 */
export class GatewayBroker {
  #broker: Broker | undefined;
  #lastCounters = NO_BROKER;

  async start(options: BrokerOptions, deps: BrokerDeps): Promise<void> {
    this.#broker = await Broker.start(options, deps);
  }

  get isListening(): boolean {
    return this.#broker !== undefined;
  }

  get listeners(): Broker['listeners'] {
    return this.#broker?.listeners ?? [];
  }

  /** Counters do not fall back to 0 when the broker stops, only when the process ends. */
  counters(): BrokerCounters {
    return this.#broker?.counters() ?? this.#lastCounters;
  }

  /** Call it when the rules of access were replaced: resolves when every living session was judged by them. */
  async accessReplaced(): Promise<void> {
    await this.#broker?.accessReplaced();
  }

  /** Takes no new packets, answers those it has taken within the deadline, and closes. */
  async stop(deadlineMs: number): Promise<void> {
    const broker = this.#broker;
    if (broker === undefined) return;
    await withinDeadline(broker.drain(), deadlineMs);
    this.#broker = undefined;
    const counters = broker.counters();
    const limits = { ...counters.limits, held: noPaces(), silent: 0 };
    this.#lastCounters = { ...counters, connections: 0, unfinishedBytes: 0, limits };
    await broker.close();
  }

  /** Answers nobody any more, from now on. */
  halt(): void {
    this.#broker?.halt();
  }
}

const NO_BROKER: BrokerCounters = {
  connections: 0,
  maxConnections: 0,
  connectionsOpened: 0,
  connectionsClosed: 0,
  packetsAccepted: 0,
  acknowledged: 0,
  retransmissions: 0,
  packetsShed: 0,
  bridgeStates: 0,
  deliveries: {
    observers: 0,
    subscriptions: 0,
    sessions: 0,
    queuedMessages: 0,
    queuedBytes: 0,
    sent: 0,
    skipped: 0,
    expired: 0,
    tooLarge: 0,
    dropped: 0,
  },
  retained: { messages: 0, bytes: 0, refused: 0, expired: 0 },
  unfinishedBytes: 0,
  refused: createRefusalCounts(),
  limits: { held: noPaces(), holds: noPaces(), silent: 0, delayedConnections: 0 },
};
