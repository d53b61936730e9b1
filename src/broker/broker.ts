import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Aedes, type Client, type PublishPacket, type Subscription } from 'aedes';
import { Acknowledgements } from './acknowledgements.js';
import { ConnectGate } from './connect-gate.js';
import { refusalOf } from './connection-faults.js';
import type { Intake } from './intake.js';
import { limitPacketSize } from './limit-packet-size.js';
import { type Listener, type ListenerOptions, openListener } from './listener.js';
import { topicFilterFault } from './names.js';
import { Observers } from './observers.js';
import { OpenHandshakes } from './open-handshakes.js';
import { type GateCounters, PublishGate } from './publish-gate.js';
import { PublishLane } from './publish-lane.js';
import { type RefusalCounts, type RefusalLines, Refusals } from './refusals.js';
import { type Session, Sessions } from './session.js';
import { SocketBrake } from './socket-brake.js';

export interface BrokerOptions {
  readonly listeners: readonly ListenerOptions[];
  readonly maxPacketBytes: number;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  readonly maxKeepaliveMs: number;
  /** Packets of one client that may wait to be stored before its socket is not read any more; one read may overshoot it. */
  readonly maxInFlightPerClient: number;
}

export interface BrokerDeps extends RefusalLines {
  readonly intake: Intake;
  /** For whoever looks for a device: every session that begins or ends. */
  readonly onClient?: (change: 'connected' | 'disconnected', clientId: string) => void;
}

export interface BrokerCounters extends GateCounters {
  readonly connections: number;
  readonly connectionsOpened: number;
  readonly connectionsClosed: number;
  readonly observers: number;
  readonly observerPacketsSkipped: number;
  readonly refused: Readonly<RefusalCounts>;
}

const NO_PAYLOAD = Buffer.alloc(0);

/**
 * QoS 2 packets a client may have between PUBLISH and PUBREL; MQTT 3.1.1 cannot tell it, so a client that
 * pipelines more is disconnected. Only their ids are kept.
 */
const MAX_OPEN_HANDSHAKES = 1000;

interface WatchedPacket {
  readonly cmd: string;
  readonly messageId?: number;
  readonly subscriptions?: readonly unknown[];
  readonly unsubscriptions?: readonly unknown[];
}

const ONLY_FROM_BROKERS: ReadonlySet<string> = new Set(['connack', 'suback', 'unsuback', 'pingresp']);

/** The embedded MQTT 3.1.1 broker. It acknowledges a PUBLISH when the intake says that it is stored. */
export class Broker {
  readonly #options: BrokerOptions;
  readonly #intake: Intake;
  readonly #aedes: Aedes;
  readonly #observers: Observers;
  readonly #refusals: Refusals;
  readonly #sessions: Sessions;
  readonly #handshakes = new OpenHandshakes();
  readonly #connectGate: ConnectGate;
  readonly #gate: PublishGate;
  readonly #connections = new Set<Duplex>();
  #connectionsOpened = 0;
  #listeners: Listener[] = [];
  #draining = false;

  private constructor(options: BrokerOptions, deps: BrokerDeps) {
    this.#options = options;
    this.#intake = deps.intake;
    this.#refusals = new Refusals(deps);
    this.#sessions = new Sessions(this.#refusals);
    this.#connectGate = new ConnectGate(options.maxKeepaliveMs, this.#sessions, this.#handshakes);
    this.#gate = new PublishGate(deps.intake, this.#sessions, this.#handshakes);
    this.#aedes = new Aedes({
      connectTimeout: options.connectTimeoutMs,
      drainTimeout: 10_000,
      // Devices may pipeline behind CONNECT (MQTT 3.1.1 section 3.1.4); the brake bounds what is read.
      queueLimit: options.maxInFlightPerClient,
      maxInflightInbound: MAX_OPEN_HANDSHAKES,
      maxClientsIdLength: 128,
      preConnect: (client, packet, done) => this.#connectGate.preConnect(client, packet, done),
      authenticate: (client, _user, _password, done) =>
        this.#connectGate.authenticate(client, clientsOf(this.#aedes)[client.id], done),
      authorizePublish: (client, packet, done) => this.#gate.authorizePublish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) =>
        this.#authorizeSubscribe(client, subscription, done),
    });
    this.#observers = new Observers(this.#aedes);
    // Without a listener an 'error' of the broker would end the process.
    (this.#aedes as NodeJS.EventEmitter).on('error', (error: Error) => {
      deps.warn(
        { code: 'BROKER_INTERNAL', reason: error.message },
        'the MQTT broker reports an internal error',
      );
    });
    const onError = (client: Client, error: Error) => this.#ended(client, error);
    this.#aedes.on('clientError', onError);
    this.#aedes.on('connectionError', onError);
    this.#aedes.on('clientReady', (client) => deps.onClient?.('connected', client.id));
    this.#aedes.on('clientDisconnect', (client) => {
      this.#sessionEnded(client);
      deps.onClient?.('disconnected', client.id);
    });
  }

  /** Resolves when every listener listens; rejects with LISTENER_FAILED and leaves nothing open. */
  static async start(options: BrokerOptions, deps: BrokerDeps): Promise<Broker> {
    const broker = new Broker(options, deps);
    await broker.#aedes.listen();
    forgetStoredPayloads(broker.#aedes);
    try {
      for (const listener of options.listeners) broker.#listeners.push(await broker.#open(listener));
    } catch (thrown) {
      await broker.close();
      throw thrown;
    }
    return broker;
  }

  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  counters(): BrokerCounters {
    return {
      ...this.#gate.counters(),
      connections: this.#connections.size,
      connectionsOpened: this.#connectionsOpened,
      connectionsClosed: this.#connectionsOpened - this.#connections.size,
      observers: this.#observers.count,
      observerPacketsSkipped: this.#observers.skipped,
      refused: this.#refusals.counts(),
    };
  }

  /** No new connection, no further packet; resolves when all taken packets are stored and answered. */
  async drain(): Promise<void> {
    this.halt();
    await new Promise<void>((resolve) => this.#intake.afterAccepted(resolve));
    // The PUBACKs of the last batch are corked until the next tick.
    await new Promise<void>((resolve) => setImmediate(resolve));
    await Promise.all([...this.#connections].map(endWrites));
  }

  /** At once: from now on nothing is taken and nobody is answered. */
  halt(): void {
    this.#draining = true;
    this.#gate.close();
    for (const listener of this.#listeners) listener.stopAccepting();
  }

  async close(): Promise<void> {
    this.halt();
    this.#listeners = [];
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    for (const connection of this.#connections) connection.destroy();
  }

  #open(options: ListenerOptions): Promise<Listener> {
    return openListener(options, this.#options, {
      onConnection: (stream, remoteAddress, request) => this.#connected(stream, remoteAddress, request),
      onRefused: (reason, remoteAddress, detail) =>
        this.#refusals.add(reason, { remoteAddress, clientId: '' }, detail),
    });
  }

  #connected(stream: Duplex, remoteAddress: string, request?: IncomingMessage): void {
    this.#connections.add(stream);
    this.#connectionsOpened += 1;
    stream.once('close', () => this.#connections.delete(stream));
    const client = (this.#aedes.handle as (conn: Duplex, request?: IncomingMessage) => Client)(
      stream,
      request,
    );
    limitPacketSize(client, this.#options.maxPacketBytes, (detail) =>
      this.#sessions.turnAway(client, 'packet-too-large', detail),
    );
    const hasRoom = () => !this.#draining && this.#intake.hasRoom();
    const { maxInFlightPerClient } = this.#options;
    const brake = new SocketBrake(stream, client, maxInFlightPerClient, hasRoom, this.#gate.stoppedBrakes);
    stream.once('close', () => brake.close());
    const session: Session = {
      brake,
      acknowledgements: new Acknowledgements(stream, (isFull) => brake.outputFull(isFull)),
      remoteAddress,
      isLocal: isLoopback(remoteAddress),
      isAuthenticated: false,
      clientId: '',
      askedForCleanSession: true,
      isTurnedAway: false,
    };
    this.#sessions.opened(client, session);
    const isWatched = () => this.#observers.count > 0;
    new PublishLane(client, session, this.#gate, this.#options.maxPacketBytes, isWatched);
    this.#watchPackets(client);
  }

  /** Looks at packets that no hook of aedes shows. */
  #watchPackets(client: Client): void {
    const { _parser: parser } = client as unknown as { _parser: NodeJS.EventEmitter };
    parser.prependListener('packet', (packet: WatchedPacket) => {
      const { cmd, messageId = 0 } = packet;
      if (cmd === 'pubrel') this.#handshakes.completed(client.id, messageId);
      const fault = subscribeFault(packet);
      if (fault !== undefined) {
        this.#sessions.turnAway(client, 'subscribe-malformed', `${cmd} ${fault}`);
        client.conn.destroy();
      }
      // Aedes closes on these without a word; before a CONNECT it does say so.
      if (ONLY_FROM_BROKERS.has(cmd) && this.#sessions.of(client)?.isAuthenticated === true) {
        this.#sessions.turnAway(client, 'protocol-violation', `${cmd} from a client`);
      }
    });
  }

  #authorizeSubscribe(
    client: Client,
    subscription: Subscription,
    done: (error: Error | null, subscription?: Subscription | null) => void,
  ): void {
    const session = this.#sessions.of(client);
    if (session?.isAuthenticated !== true) {
      const why = 'SUBSCRIBE before authentication';
      this.#sessions.turnAway(client, 'not-authenticated', why);
      done(new Error(why));
      return;
    }
    // SUBACK 0x80, the connection stays.
    if (!session.isLocal || subscription.topic.startsWith('$')) {
      const why = session.isLocal ? 'filter reserved for the broker' : 'only this machine may look on';
      this.#sessions.deny(client, 'subscribe-denied', why);
      done(null, null);
      return;
    }
    const fault = topicFilterFault(subscription.topic);
    if (fault !== undefined) {
      this.#sessions.turnAway(client, 'subscribe-malformed', fault);
      done(new Error(fault));
      return;
    }
    this.#observers.add(client);
    done(null, subscription);
  }

  /** Aedes has closed the connection. */
  #ended(client: Client, error: Error): void {
    if (this.#sessions.of(client)?.isTurnedAway === true) return;
    const reason = refusalOf(client, error);
    if (reason !== undefined) this.#sessions.turnAway(client, reason, error.message);
  }

  #sessionEnded(client: Client): void {
    if (this.#sessions.of(client)?.askedForCleanSession) this.#handshakes.sessionEnded(client.id);
  }
}

/** Aedes keeps a QoS 2 packet until its PUBREL, but only ever asks whether it has it: the log has the payload. */
function forgetStoredPayloads(aedes: Aedes): void {
  const { persistence } = aedes as unknown as {
    persistence: { incomingStorePacket(client: Client, packet: PublishPacket): Promise<void> };
  };
  const store = persistence.incomingStorePacket.bind(persistence);
  persistence.incomingStorePacket = (client, packet) => store(client, { ...packet, payload: NO_PAYLOAD });
}

/** Of a SUBSCRIBE or UNSUBSCRIBE, and what aedes does not look at. */
function subscribeFault({
  cmd,
  messageId,
  subscriptions,
  unsubscriptions,
}: WatchedPacket): string | undefined {
  if (cmd !== 'subscribe' && cmd !== 'unsubscribe') return undefined;
  // [MQTT-2.3.1-1]
  if (messageId === 0) return 'with packet id 0';
  // [MQTT-3.8.3-3], [MQTT-3.10.3-2]
  return (subscriptions ?? unsubscriptions)?.length === 0 ? 'without a filter' : undefined;
}

function clientsOf(aedes: Aedes): Readonly<Record<string, Client | undefined>> {
  return (aedes as unknown as { clients: Record<string, Client | undefined> }).clients;
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

/** Sends what is still buffered for a client, for half a second at most. */
function endWrites(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 500);
    stream.end(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
