import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Aedes, type Client, type ConnectPacket, type PublishPacket, type Subscription } from 'aedes';
import type { Warn } from '../warnings.js';
import { Acknowledgements } from './acknowledgements.js';
import { cappedKeepaliveSeconds, connectFault } from './connect-checks.js';
import type { Intake } from './intake.js';
import { limitPacketSize } from './limit-packet-size.js';
import { type Listener, type ListenerOptions, openListener } from './listener.js';
import { topicFilterFault } from './names.js';
import { Observers } from './observers.js';
import { OpenHandshakes } from './open-handshakes.js';
import { type GateCounters, PublishGate } from './publish-gate.js';
import { PublishLane } from './publish-lane.js';
import { createRefusalCounts, type RefusalCounts } from './refusals.js';
import type { Session } from './session.js';
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

export interface BrokerDeps {
  readonly intake: Intake;
  readonly warn: Warn;
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

/** The embedded MQTT 3.1.1 broker. It acknowledges a PUBLISH when the intake says that it is stored. */
export class Broker {
  readonly #options: BrokerOptions;
  readonly #intake: Intake;
  readonly #warn: BrokerDeps['warn'];
  readonly #aedes: Aedes;
  readonly #observers: Observers;
  readonly #sessions = new WeakMap<Client, Session>();
  readonly #refusedIds = new WeakSet<Client>();
  readonly #handshakes = new OpenHandshakes();
  readonly #gate: PublishGate;
  readonly #connections = new Set<Duplex>();
  #connectionsOpened = 0;
  #listeners: Listener[] = [];
  #draining = false;
  readonly #refused = createRefusalCounts();

  private constructor(options: BrokerOptions, deps: BrokerDeps) {
    this.#options = options;
    this.#intake = deps.intake;
    this.#warn = deps.warn;
    this.#gate = new PublishGate(deps.intake, this.#sessions, this.#handshakes, this.#refused);
    this.#aedes = new Aedes({
      connectTimeout: options.connectTimeoutMs,
      drainTimeout: 10_000,
      // Devices may pipeline behind CONNECT (MQTT 3.1.1 section 3.1.4); the brake bounds what is read.
      queueLimit: options.maxInFlightPerClient,
      maxInflightInbound: MAX_OPEN_HANDSHAKES,
      maxClientsIdLength: 128,
      preConnect: (client, packet, done) => this.#preConnect(client, packet, done),
      authenticate: (client, _user, _password, done) => this.#authenticate(client, done),
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
      refused: { ...this.#refused },
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
      onTooMany: () => {
        this.#refused['too-many-connections'] += 1;
        this.#warn(
          { code: 'BROKER_TOO_MANY_CONNECTIONS', limit: this.#options.maxConnections },
          'a connection was turned away: broker.maxConnections is reached',
        );
      },
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
    limitPacketSize(client, this.#options.maxPacketBytes, () => {
      this.#refused['packet-too-large'] += 1;
    });
    const hasRoom = () => !this.#draining && this.#intake.hasRoom();
    const { maxInFlightPerClient } = this.#options;
    const brake = new SocketBrake(stream, client, maxInFlightPerClient, hasRoom, this.#gate.stoppedBrakes);
    stream.once('close', () => brake.close());
    const session: Session = {
      brake,
      acknowledgements: new Acknowledgements(stream, (isFull) => brake.outputFull(isFull)),
      isLocal: isLoopback(remoteAddress),
      isAuthenticated: false,
      clientId: '',
      askedForCleanSession: true,
    };
    this.#sessions.set(client, session);
    const isWatched = () => this.#observers.count > 0;
    new PublishLane(client, session, this.#gate, this.#options.maxPacketBytes, isWatched);
    this.#watchPackets(client);
  }

  /** Looks at packets that no hook of aedes shows. */
  #watchPackets(client: Client): void {
    const { _parser: parser } = client as unknown as { _parser: NodeJS.EventEmitter };
    parser.prependListener('packet', (packet: { cmd: string; messageId?: number }) => {
      if (packet.cmd === 'pubrel') this.#handshakes.completed(client.id, packet.messageId ?? 0);
      // [MQTT-2.3.1-1]
      if ((packet.cmd === 'subscribe' || packet.cmd === 'unsubscribe') && packet.messageId === 0) {
        this.#refused['subscribe-malformed'] += 1;
        client.conn.destroy();
      }
    });
  }

  #preConnect(
    client: Client,
    packet: ConnectPacket,
    done: (error: Error | null, success: boolean) => void,
  ): void {
    const session = this.#sessions.get(client);
    const fault = session === undefined ? 'unknown connection' : connectFault(packet);
    if (session === undefined || fault !== undefined) {
      this.#refused['connect-malformed'] += 1;
      done(new Error(fault), false);
      return;
    }
    session.askedForCleanSession = packet.clean === true;
    // [MQTT-3.1.3-8]; answered with CONNACK 2 in `authenticate`.
    const hasId = packet.clientId !== undefined && packet.clientId !== '';
    if (!hasId && packet.clean !== true) this.#refusedIds.add(client);
    // Stored sessions would keep an unbounded queue in memory; the open QoS 2 handshakes are kept by us.
    packet.clean = true;
    const maxKeepaliveSeconds = Math.max(1, Math.floor(this.#options.maxKeepaliveMs / 1000));
    packet.keepalive = cappedKeepaliveSeconds(packet.keepalive ?? 0, Math.min(maxKeepaliveSeconds, 65_535));
    done(null, true);
  }

  #authenticate(
    client: Client,
    done: (error: (Error & { returnCode: number }) | null, success: boolean | null) => void,
  ): void {
    if (this.#refusedIds.has(client)) {
      this.#refused['connect-malformed'] += 1;
      done(Object.assign(new Error('client id needed without clean session'), { returnCode: 2 }), false);
      return;
    }
    const session = this.#sessions.get(client)!;
    session.isAuthenticated = true;
    session.clientId = client.id;
    if (session.askedForCleanSession) this.#handshakes.sessionEnded(client.id);
    done(null, true);
  }

  #authorizeSubscribe(
    client: Client,
    subscription: Subscription,
    done: (error: Error | null, subscription?: Subscription | null) => void,
  ): void {
    const session = this.#sessions.get(client);
    if (session?.isAuthenticated !== true) {
      this.#refused['not-authenticated'] += 1;
      done(new Error('SUBSCRIBE before authentication'));
      return;
    }
    // SUBACK 0x80, the connection stays.
    if (!session.isLocal || subscription.topic.startsWith('$')) {
      done(null, null);
      return;
    }
    const fault = topicFilterFault(subscription.topic);
    if (fault !== undefined) {
      this.#refused['subscribe-malformed'] += 1;
      done(new Error(fault));
      return;
    }
    this.#observers.add(client);
    done(null, subscription);
  }

  #sessionEnded(client: Client): void {
    if (this.#sessions.get(client)?.askedForCleanSession) this.#handshakes.sessionEnded(client.id);
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
