import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Aedes, Client } from 'aedes';
import { OpenAccess } from '../access/open-access.js';
import { SystemClock } from '../lib/clock.js';
import type { RevocationList } from '../lib/tls/revocation-list.js';
import { TlsContexts } from '../lib/tls/tls-contexts.js';
import { Acknowledgements } from './acknowledgements.js';
import {
  BROKER_DEFAULTS,
  type BrokerCounters,
  type BrokerDeps,
  type BrokerOptions,
} from './broker-options.js';
import { ClientIdHolders } from './sign-in/client-id-holders.js';
import { ConnectGate } from './sign-in/connect-gate.js';
import { ConnectionLimits } from './transport/connection-limits.js';
import { createAedes, forgetStoredPayloads } from './create-aedes.js';
import { DenialDelays } from './sign-in/denial-delays.js';
import { endWrites } from './transport/end-writes.js';
import { guardFrames } from './guard-frames.js';
import type { Intake } from './intake.js';
import { BrokerLimits } from './limits/broker-limits.js';
import { type Listener, type ListenerOptions, openListener } from './transport/listener.js';
import type { ConnectionFacts, ListenerHooks } from './transport/listener-hooks.js';
import { Observers } from './observers.js';
import { OpenHandshakes } from './open-handshakes.js';
import { ParserGuard } from './parser-guard.js';
import { PublishFastPath } from './publish-fast-path.js';
import { PublishGate } from './publish-gate.js';
import { guardReads } from './read-guard.js';
import { Refusals, refusalOf } from './refusals.js';
import { createSession, Sessions } from './session.js';
import { SessionGrants } from './sign-in/session-grants.js';
import { SignInGate } from './sign-in/sign-in-gate.js';
import { SocketBackpressure } from './socket-backpressure.js';
import { SubscribeGate } from './subscribe-gate.js';
import { UnfinishedPackets } from './unfinished-packets.js';
import type { OnFrame } from './transport/web-socket-frames.js';

export type { BrokerCounters, BrokerDeps, BrokerOptions } from './broker-options.js';

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
    this.#aedes = createAedes(options, deps.warn, {
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
    const client = (this.#aedes.handle as (conn: Duplex, request?: IncomingMessage) => Client)(
      stream,
      request,
    );
    const { maxInFlightPerClient, maxPacketBytes } = this.#options;
    const pace = this.#limits.paceOf(client, () => backpressure.release());
    const backpressure: SocketBackpressure = new SocketBackpressure(
      stream,
      client,
      maxInFlightPerClient,
      () => !this.#draining && this.#intake.hasRoom(),
      this.#publishGate.stoppedSockets,
      pace,
    );
    const unfinished = this.#unfinished.of({
      share: this.#connectionLimits.shareOf(remoteAddress),
      isStopped: () => backpressure.isStopped,
      close: (reason, detail) => this.#sessions.close(client, reason, detail),
    });
    stream.once('close', () => {
      this.#connections.delete(stream);
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
    const fastPath = new PublishFastPath(client, session, this.#publishGate, maxPacketBytes, isWatched);
    guardReads(client, session, this.#sessions, fastPath);
    watch?.(guardFrames(client, session, this.#sessions));
  }

  /** Aedes closes the connection of a client that it reports an error of. */
  #onClientError(client: Client, error: Error): void {
    if (this.#sessions.of(client)?.isRejected === true) return;
    const reason = refusalOf(client, error);
    if (reason !== undefined) this.#sessions.reject(client, reason, error.message);
  }
}
