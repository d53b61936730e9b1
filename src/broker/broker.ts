import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes, type Client, type PublishPacket } from 'aedes';
import type { Access } from '../access/access.js';
import { OpenAccess } from '../access/open-access.js';
import { SystemClock } from '../lib/clock.js';
import { MAX_CLIENT_ID_BYTES, MAX_TOPIC_LEVELS } from '../lib/mqtt-names.js';
import type { Schedule } from '../lib/timers.js';
import type { RevocationList } from '../lib/tls/revocation-list.js';
import { TlsContexts } from '../lib/tls/tls-contexts.js';
import { Acknowledgements } from './acknowledgements.js';
import { ClientIdHolders } from './client-id-holders.js';
import { ConnectGate } from './connect-gate.js';
import { ConnectionLimits } from './connection-limits.js';
import { DenialDelays } from './denial-delays.js';
import type { Intake } from './intake.js';
import { BrokerLimits, type LimitCounters } from './limits/broker-limits.js';
import type { LimitOptions } from './limits/limit-options.js';
import { type Listener, type ListenerOptions, openListener } from './listener.js';
import type { ConnectionFacts, ListenerHooks } from './listener-hooks.js';
import { Observers } from './observers.js';
import { OpenHandshakes } from './open-handshakes.js';
import { ParserGuard } from './parser-guard.js';
import { PublishFastPath } from './publish-fast-path.js';
import { type GateCounters, PublishGate } from './publish-gate.js';
import { guardReads } from './read-guard.js';
import { type RefusalCounts, type RefusalDeps, Refusals, refusalOf } from './refusals.js';
import { createSession, type Session, Sessions } from './session.js';
import { SessionGrants } from './session-grants.js';
import { SignInGate } from './sign-in-gate.js';
import { MAX_CONNECT_BYTES, SocketBackpressure } from './socket-backpressure.js';
import { SubscribeGate } from './subscribe-gate.js';
import { UnfinishedPackets } from './unfinished-packets.js';
import type { OnFrame } from './web-socket-frames.js';

export interface BrokerOptions {
  readonly listeners: readonly ListenerOptions[];
  readonly maxPacketBytes: number;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  readonly maxKeepaliveMs: number;
  /** How many packets of a client may wait to be stored before its socket is no longer read; one read may overshoot it. */
  readonly maxInFlightPerClient: number;
  /** Connections of all listeners together, when the open files allow fewer than the listeners. */
  readonly maxOpenConnections?: number;
  /** Connections from one address; absent: half of the connections, loopback without a limit. */
  readonly maxConnectionsPerAddress?: number;
  /** Bytes of packets of all clients that have begun and not ended. */
  readonly maxUnfinishedBytes?: number;
  /** Time in which a packet must be complete; every KiB of it that has arrived adds a second. */
  readonly packetTimeoutMs?: number;
  /** Absent: LIMIT_DEFAULTS. */
  readonly limits?: Partial<LimitOptions>;
}

export interface BrokerDeps extends RefusalDeps {
  readonly intake: Intake;
  /** Who may connect, publish and subscribe; absent: OpenAccess. */
  readonly access?: Access;
  /** Called for every session that begins or ends. */
  readonly onClient?: (
    change: 'connected' | 'disconnected',
    client: { readonly clientId: string; readonly user: string },
  ) => void;
  readonly schedule?: Schedule;
  /** The certificates of listeners; absent: the broker opens and watches them itself. */
  readonly tls?: TlsContexts;
  /** Client certificates that are no longer accepted. */
  readonly revocations?: RevocationList;
}

export interface BrokerCounters extends GateCounters {
  readonly connections: number;
  /** The limit of connections, of all listeners together. */
  readonly maxConnections: number;
  readonly connectionsOpened: number;
  readonly connectionsClosed: number;
  readonly observers: number;
  readonly observerPacketsSkipped: number;
  /** Bytes of packets that have begun and not ended, with the cost of their buffers. */
  readonly unfinishedBytes: number;
  readonly refused: Readonly<RefusalCounts>;
  readonly limits: LimitCounters;
}

const NO_PAYLOAD = Buffer.alloc(0);

/**
 * QoS 2 packets that a client may have between PUBLISH and PUBREL. The broker cannot announce the limit in MQTT 3.1.1,
 * so a client that pipelines more is disconnected. Only the ids are kept.
 */
export const MAX_OPEN_HANDSHAKES = 1000;

export const BROKER_DEFAULTS = { maxUnfinishedBytes: 64 * 2 ** 20, packetTimeoutMs: 30_000 } as const;

/** Broker is the embedded MQTT 3.1.1 broker. It acknowledges a PUBLISH once the intake has stored it. */
export class Broker {
  readonly #options: BrokerOptions;
  readonly #intake: Intake;
  readonly #aedes: Aedes;
  readonly #observers: Observers;
  readonly #refusals: Refusals;
  readonly #sessions: Sessions;
  readonly #grants: SessionGrants;
  readonly #handshakes = new OpenHandshakes();
  readonly #signInGate: SignInGate;
  readonly #connectGate: ConnectGate;
  readonly #publishGate: PublishGate;
  readonly #parserGuard: ParserGuard;
  readonly #connectionLimits: ConnectionLimits;
  readonly #limits: BrokerLimits;
  readonly #unfinished: UnfinishedPackets;
  readonly #tls: TlsContexts;
  /** True when the broker opened them. */
  readonly #ownsTls: boolean;
  readonly #revocations: RevocationList | undefined;
  readonly #connections = new Set<Duplex>();
  #connectionsOpened = 0;
  #listeners: Listener[] = [];
  #draining = false;

  private constructor(options: BrokerOptions, deps: BrokerDeps) {
    this.#options = options;
    this.#intake = deps.intake;
    this.#refusals = new Refusals(deps);
    this.#sessions = new Sessions(this.#refusals);
    const clock = deps.clock ?? new SystemClock();
    const access = deps.access ?? new OpenAccess();
    this.#grants = new SessionGrants(access, this.#sessions, (client, session) =>
      this.#limits.granted(client, session),
    );
    this.#connectionLimits = new ConnectionLimits({
      maxOpen: options.maxOpenConnections ?? options.maxConnections * options.listeners.length,
      maxPerAddress: options.maxConnectionsPerAddress,
    });
    const { limits, connectTimeoutMs } = options;
    this.#limits = new BrokerLimits(
      { limits, maxConnections: this.#connectionLimits.maxOpen, connectTimeoutMs },
      { sessions: this.#sessions, clock, warn: deps.warn },
    );
    this.#revocations = deps.revocations;
    this.#ownsTls = deps.tls === undefined;
    this.#tls = deps.tls ?? new TlsContexts({ warn: deps.warn, clock, revocations: deps.revocations });
    const parts = {
      sessions: this.#sessions,
      grants: this.#grants,
      handshakes: this.#handshakes,
      denials: new DenialDelays(clock),
    };
    this.#signInGate = new SignInGate({
      ...parts,
      access,
      holders: new ClientIdHolders(),
      users: this.#limits.users,
      shedding: this.#limits.shedding,
      timeoutMs: connectTimeoutMs,
      clock,
      ...(deps.schedule === undefined ? {} : { schedule: deps.schedule }),
    });
    this.#connectGate = new ConnectGate(options.maxKeepaliveMs, this.#sessions, this.#signInGate);
    this.#publishGate = new PublishGate({ ...parts, intake: deps.intake });
    this.#parserGuard = new ParserGuard(options.maxPacketBytes, this.#sessions, this.#handshakes);
    this.#unfinished = new UnfinishedPackets(
      {
        maxBytes: options.maxUnfinishedBytes ?? BROKER_DEFAULTS.maxUnfinishedBytes,
        packetTimeoutMs: options.packetTimeoutMs ?? BROKER_DEFAULTS.packetTimeoutMs,
      },
      clock,
    );
    this.#aedes = new Aedes({
      connectTimeout: connectTimeoutMs,
      drainTimeout: 10_000,
      // Devices may pipeline behind CONNECT (MQTT 3.1.1 section 3.1.4); SocketBackpressure limits what is read.
      queueLimit: options.maxInFlightPerClient,
      maxInflightInbound: MAX_OPEN_HANDSHAKES,
      maxClientsIdLength: MAX_CLIENT_ID_BYTES,
      maxTopicLevels: MAX_TOPIC_LEVELS,
      preConnect: (client, packet, done) => this.#connectGate.preConnect(client, packet, done),
      authenticate: (client, userName, password, done) =>
        this.#connectGate.authenticate(client, userName, password, done),
      authorizePublish: (client, packet, done) => this.#publishGate.authorizePublish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) =>
        subscribeGate.authorizeSubscribe(client, subscription, done),
      authorizeForward: (client, packet) => (subscribeGate.mayReceive(client, packet.topic) ? packet : null),
    });
    this.#observers = new Observers(this.#aedes);
    const subscribeGate = new SubscribeGate(this.#sessions, this.#grants, this.#observers);
    this.#aedes.on('unsubscribe', (filters, client) => subscribeGate.unsubscribed(client, filters));
    // Without a listener an 'error' of the broker would end the process.
    (this.#aedes as NodeJS.EventEmitter).on('error', (error: Error) => {
      deps.warn(
        { code: 'BROKER_INTERNAL', reason: error.message },
        'the MQTT broker reports an internal error',
      );
    });
    const onError = (client: Client, error: Error) => this.#onClientError(client, error);
    this.#aedes.on('clientError', onError);
    this.#aedes.on('connectionError', onError);
    this.#aedes.on('clientReady', (client) => {
      const session = this.#sessions.of(client)!;
      this.#limits.signedIn(client, session);
      session.backpressure.authenticated();
      deps.onClient?.('connected', session);
    });
    this.#aedes.on('clientDisconnect', (client) => {
      const session = this.#sessions.of(client)!;
      if (session.wantsCleanSession) this.#handshakes.sessionEnded(session);
      deps.onClient?.('disconnected', session);
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
      ...this.#publishGate.counters(),
      connections: this.#connections.size,
      maxConnections: this.#connectionLimits.maxOpen,
      connectionsOpened: this.#connectionsOpened,
      connectionsClosed: this.#connectionsOpened - this.#connections.size,
      observers: this.#observers.count,
      observerPacketsSkipped: this.#observers.skipped,
      unfinishedBytes: this.#unfinished.bytes,
      refused: this.#refusals.counts(),
      limits: this.#limits.counters(),
    };
  }

  /** Call it when the rules of `access` were replaced. Resolves when every living session was judged by them. */
  accessReplaced(): Promise<void> {
    return this.#grants.judgeAgain();
  }

  /** Accepts no new connection and no further packet; resolves when all accepted packets are stored and answered. */
  async drain(): Promise<void> {
    this.halt();
    await new Promise<void>((resolve) => this.#intake.afterAccepted(resolve));
    // The PUBACKs of the last batch are corked until the next tick.
    await new Promise<void>((resolve) => setImmediate(resolve));
    await Promise.all([...this.#connections].map(endWrites));
  }

  /** From now on no packet is accepted and none is answered. */
  halt(): void {
    this.#draining = true;
    this.#publishGate.close();
    for (const listener of this.#listeners) listener.stopAccepting();
  }

  async close(): Promise<void> {
    this.halt();
    this.#listeners = [];
    this.#unfinished.close();
    this.#limits.close();
    if (this.#ownsTls) this.#tls.close();
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    for (const connection of this.#connections) connection.destroy();
  }

  #open(options: ListenerOptions): Promise<Listener> {
    const deps = { tls: this.#tls, revocations: this.#revocations };
    return openListener(options, this.#options, deps, {
      admit: (socket, remoteAddress) => this.#admit(socket, remoteAddress),
      onConnection: (...connection) => this.#admitLater(...connection),
      onRejected: (reason, remoteAddress, detail) =>
        this.#refusals.add(reason, { remoteAddress, clientId: '' }, detail),
    });
  }

  #admit(socket: Socket, remoteAddress: string): boolean {
    const refusal = this.#connectionLimits.open(remoteAddress);
    if (refusal !== undefined) {
      this.#refusals.add(refusal.reason, { remoteAddress, clientId: '' }, refusal.detail);
      return false;
    }
    socket.once('close', () => this.#connectionLimits.closed(remoteAddress));
    return true;
  }

  /** Connections of an address that opens many at once wait for their turn. */
  #admitLater(...connection: Parameters<ListenerHooks['onConnection']>): void {
    const [stream, { remoteAddress }] = connection;
    const admitted = this.#limits.newConnections.admit(stream, remoteAddress, () =>
      this.#connected(...connection),
    );
    if (admitted === 'admitted') return;
    const detail = 'it would wait longer than broker.connectTimeout';
    this.#refusals.add('too-many-new-connections', { remoteAddress, clientId: '' }, detail);
    stream.on('error', () => undefined).destroy();
  }

  #connected(
    stream: Duplex,
    { remoteAddress, isProxied, isEncrypted, certificate }: ConnectionFacts,
    request?: IncomingMessage,
    watch?: (onFrame: OnFrame) => void,
  ): void {
    this.#connections.add(stream);
    this.#connectionsOpened += 1;
    stream.once('close', () => this.#connections.delete(stream));
    const client = (this.#aedes.handle as (conn: Duplex, request?: IncomingMessage) => Client)(
      stream,
      request,
    );
    const hasRoom = () => !this.#draining && this.#intake.hasRoom();
    const { maxInFlightPerClient } = this.#options;
    const pace = this.#limits.paceOf(client, () => backpressure.release());
    const backpressure: SocketBackpressure = new SocketBackpressure(
      stream,
      client,
      maxInFlightPerClient,
      hasRoom,
      this.#publishGate.stoppedSockets,
      pace,
    );
    const unfinished = this.#unfinished.of({
      share: this.#connectionLimits.shareOf(remoteAddress),
      isStopped: () => backpressure.isStopped,
      close: (reason, detail) => this.#sessions.close(client, reason, detail),
    });
    stream.once('close', () => {
      backpressure.close();
      unfinished.forget();
      this.#sessions.closed(client);
    });
    const session = createSession({
      backpressure,
      acknowledgements: new Acknowledgements(stream, (isFull) => backpressure.outputFull(isFull)),
      unfinished,
      pace,
      remoteAddress,
      isProxied,
      isEncrypted,
      certificate,
    });
    this.#sessions.opened(client, session);
    this.#signInGate.opened(client, session);
    this.#parserGuard.watch(client);
    const isWatched = () => this.#observers.count > 0;
    const { maxPacketBytes } = this.#options;
    const fastPath = new PublishFastPath(client, session, this.#publishGate, maxPacketBytes, isWatched);
    guardReads(client, session, this.#sessions, fastPath);
    watch?.((bytes, buffers) => {
      unfinished.inFrame(bytes, buffers);
      if (bytes > MAX_CONNECT_BYTES && !session.hasConnect)
        this.#closeUnlessConnected(client, session, bytes);
    });
  }

  /** A CONNECT in front of the frame is read in this turn of the event loop. */
  #closeUnlessConnected(client: Client, session: Session, bytes: number): void {
    setImmediate(() => {
      if (session.hasConnect || session.isRejected) return;
      const detail = `${bytes} bytes of a WebSocket frame before CONNECT, the limit is ${MAX_CONNECT_BYTES}`;
      this.#sessions.close(client, 'packet-too-large', detail);
    });
  }

  /** Aedes closes the connection of a client that it reports an error of. */
  #onClientError(client: Client, error: Error): void {
    if (this.#sessions.of(client)?.isRejected === true) return;
    const reason = refusalOf(client, error);
    if (reason !== undefined) this.#sessions.reject(client, reason, error.message);
  }
}

/** Aedes keeps a QoS 2 packet until its PUBREL, but only checks that it exists: the payload is in the log. */
function forgetStoredPayloads(aedes: Aedes): void {
  const { persistence } = aedes as unknown as {
    persistence: { incomingStorePacket(client: Client, packet: PublishPacket): Promise<void> };
  };
  const store = persistence.incomingStorePacket.bind(persistence);
  persistence.incomingStorePacket = (client, packet) => store(client, { ...packet, payload: NO_PAYLOAD });
}

/** Sends what is still buffered for a client, and waits for half a second at most. */
function endWrites(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 500);
    stream.end(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
