import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { OpenAccess } from '../access/open-access.js';
import { type Clock, SystemClock } from '../lib/clock.js';
import { scheduleOnTimer } from '../lib/timers.js';
import type { RevocationList } from '../lib/tls/revocation-list.js';
import { TlsContexts } from '../lib/tls/tls-contexts.js';
import {
  BROKER_DEFAULTS,
  type BrokerCounters,
  type BrokerDeps,
  type BrokerOptions,
} from './broker-options.js';
import { ConnectedClients } from './connection/connected-clients.js';
import { Connection } from './connection/connection.js';
import type { ConnectionHost } from './connection/connection-host.js';
import { Connections } from './connection/connections.js';
import { guardFrames } from './connection/guard-frames.js';
import { PacketDispatcher } from './connection/packet-dispatcher.js';
import { UnfinishedPackets } from './connection/unfinished-packets.js';
import type { Intake } from './intake.js';
import { BrokerLimits } from './limits/broker-limits.js';
import type { PacedClient } from './limits/read-pace.js';
import { disconnect5 } from './protocol/encode-packets-5.js';
import { REASON_CODES } from './protocol/packets.js';
import { DelayedWills } from './publish/delayed-wills.js';
import { OpenHandshakes } from './publish/open-handshakes.js';
import { PublishGate } from './publish/publish-gate.js';
import { Refusals } from './refusals.js';
import { KeptRetained, RETAINED_DEFAULTS } from './retained/kept-retained.js';
import type { RetainedMessages } from './retained/retained-messages.js';
import type { Deliveries } from './sessions/deliveries.js';
import { SessionDeliveries } from './sessions/session-deliveries.js';
import { subscribeDenial } from './sessions/subscribe-denial.js';
import { ClientIdHolders } from './sign-in/client-id-holders.js';
import { ConnectGate } from './sign-in/connect-gate.js';
import { DenialDelays } from './sign-in/denial-delays.js';
import { SessionGrants } from './sign-in/session-grants.js';
import { SignInGate } from './sign-in/sign-in-gate.js';
import { ConnectionLimits } from './transport/connection-limits.js';
import { endWrites } from './transport/end-writes.js';
import { type Listener, type ListenerOptions, openListener } from './transport/listener.js';
import type { ConnectionFacts, ListenerHooks } from './transport/listener-hooks.js';
import { MAX_REJECTED, RejectedConnections } from './transport/rejected-connections.js';
import { streamFailure } from './transport/stream-failure.js';
import type { OnFrame } from './transport/web-socket-frames.js';

export type { BrokerCounters, BrokerDeps, BrokerOptions } from './broker-options.js';

/** Broker is the embedded MQTT broker: 3.1, 3.1.1 and 5. It acknowledges a PUBLISH once the intake has stored it. */
export class Broker {
  readonly #options: BrokerOptions;
  readonly #intake: Intake;
  readonly #clock: Clock;
  readonly #refusals: Refusals;
  readonly #connections: Connections;
  readonly #grants: SessionGrants;
  readonly #retained: RetainedMessages;
  readonly #deliveries: Deliveries;
  /** Closes those that the broker has made itself. */
  readonly #closeDeliveries: () => void = () => undefined;
  readonly #signInGate: SignInGate;
  readonly #publishGate: PublishGate;
  readonly #delayedWills: DelayedWills;
  readonly #clients: ConnectedClients;
  readonly #dispatcher: PacketDispatcher;
  readonly #connectionLimits: ConnectionLimits;
  readonly #limits: BrokerLimits;
  readonly #unfinished: UnfinishedPackets;
  readonly #host: ConnectionHost<Connection>;
  readonly #tls: TlsContexts;
  /** True when the broker opened them. */
  readonly #ownsTls: boolean;
  readonly #revocations: RevocationList | undefined;
  readonly #rejected: RejectedConnections;
  #connectionsOpened = 0;
  #listeners: Listener[] = [];
  #draining = false;

  private constructor(options: BrokerOptions, deps: BrokerDeps) {
    const { limits, connectTimeoutMs } = options;
    const access = deps.access ?? new OpenAccess();
    const clock = deps.clock ?? new SystemClock();
    this.#options = options;
    this.#intake = deps.intake;
    this.#clock = clock;
    this.#refusals = new Refusals(deps);
    this.#retained = deps.retained ?? new KeptRetained(RETAINED_DEFAULTS, deps);
    if (deps.deliveries === undefined) {
      const own = new SessionDeliveries({}, { warn: deps.warn, clock, retained: this.#retained });
      this.#closeDeliveries = () => own.close();
      this.#deliveries = own;
    } else {
      this.#deliveries = deps.deliveries;
    }
    this.#connections = new Connections({
      refusals: this.#refusals,
      connectTimeoutMs,
      monotonicMs: () => clock.monotonicMs(),
    });
    this.#grants = new SessionGrants(access, this.#connections, (connection) =>
      this.#limits.granted(connection),
    );
    this.#connectionLimits = new ConnectionLimits({
      maxOpen: options.maxOpenConnections ?? options.maxConnections * options.listeners.length,
      maxPerAddress: options.maxConnectionsPerAddress,
    });
    this.#limits = new BrokerLimits(
      { limits, maxConnections: this.#connectionLimits.maxOpen, connectTimeoutMs },
      { clock, warn: deps.warn },
    );
    this.#revocations = deps.revocations;
    this.#rejected = new RejectedConnections({ maxOpen: mayHold(options) });
    this.#ownsTls = deps.tls === undefined;
    this.#tls = deps.tls ?? new TlsContexts({ warn: deps.warn, clock, revocations: deps.revocations });
    const denials = new DenialDelays(clock);
    const handshakes = new OpenHandshakes();
    this.#signInGate = new SignInGate({
      access,
      grants: this.#grants,
      holders: new ClientIdHolders(),
      denials,
      users: this.#limits.users,
      shedding: this.#limits.shedding,
      timeoutMs: connectTimeoutMs,
      serverReference: options.serverReference,
      onGranted: (connection, assignedClientId) => this.#clients.granted(connection, assignedClientId),
      clock,
      ...(deps.schedule === undefined ? {} : { schedule: deps.schedule }),
    });
    this.#publishGate = new PublishGate({
      intake: deps.intake,
      connections: this.#connections,
      grants: this.#grants,
      handshakes,
      denials,
      retained: this.#retained,
      deliveries: this.#deliveries,
      maxPacketBytes: options.maxPacketBytes,
      receiveMaximum: receiveMaximumOf(options),
      isNamed: deps.isNamedLevel ?? (() => false),
    });
    this.#delayedWills = new DelayedWills(deps.schedule ?? scheduleOnTimer, (connection, will) =>
      this.#publishGate.publishWill(connection, will),
    );
    this.#clients = new ConnectedClients({
      deliveries: this.#deliveries,
      handshakes,
      delayedWills: this.#delayedWills,
      limits: this.#limits,
      signInGate: this.#signInGate,
      onClient: deps.onClient,
      maxPacketBytes: options.maxPacketBytes,
      receiveMaximum: receiveMaximumOf(options),
    });
    this.#dispatcher = new PacketDispatcher({
      connectGate: new ConnectGate(options.maxKeepaliveMs, this.#signInGate),
      publishGate: this.#publishGate,
      deliveries: this.#deliveries,
    });
    this.#unfinished = new UnfinishedPackets(
      {
        maxBytes: options.maxUnfinishedBytes ?? BROKER_DEFAULTS.maxUnfinishedBytes,
        packetTimeoutMs: options.packetTimeoutMs ?? BROKER_DEFAULTS.packetTimeoutMs,
      },
      clock,
    );
    this.#host = this.#createHost();
  }

  /** Resolves when every listener listens; rejects with LISTENER_FAILED and leaves nothing open. */
  static async start(options: BrokerOptions, deps: BrokerDeps): Promise<Broker> {
    const broker = new Broker(options, deps);
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
    const connections = this.#connections.count;
    return {
      ...this.#publishGate.counters(),
      connections,
      maxConnections: this.#connectionLimits.maxOpen,
      connectionsOpened: this.#connectionsOpened,
      connectionsClosed: this.#connectionsOpened - connections,
      deliveries: this.#deliveries.counters(),
      retained: this.#retained.counters(),
      unfinishedBytes: this.#unfinished.bytes,
      refused: this.#refusals.counts(),
      limits: this.#limits.counters(),
    };
  }

  /** Call it when the rules of `access` were replaced. Resolves when every living connection was judged by them. */
  accessReplaced(): Promise<void> {
    return this.#grants.judgeAgain(this.#deliveries);
  }

  /** Accepts no new connection and no further packet; resolves when all accepted packets are stored and answered. */
  async drain(): Promise<void> {
    this.halt();
    await new Promise<void>((resolve) => this.#intake.afterAccepted(resolve));
    // The PUBACKs of the last batch are written at the end of this turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
    await Promise.all(
      [...this.#connections.open()].map((connection) => farewell(connection, this.#options.serverReference)),
    );
  }

  /** From now on no packet is accepted and none is answered. */
  halt(): void {
    this.#draining = true;
    this.#publishGate.close();
    this.#delayedWills.close();
    for (const listener of this.#listeners) listener.stopAccepting();
  }

  async close(): Promise<void> {
    this.halt();
    this.#listeners = [];
    this.#unfinished.close();
    this.#limits.close();
    this.#rejected.close();
    if (this.#ownsTls) this.#tls.close();
    const open = [...this.#connections.open()];
    const closed = open.map(({ stream }) => new Promise((resolve) => stream.once('close', resolve)));
    for (const connection of open) connection.destroy();
    await Promise.all(closed);
    this.#connections.close();
    this.#closeDeliveries();
  }

  #createHost(): ConnectionHost<Connection> {
    const { maxPacketBytes, maxInFlightPerClient: maxInFlight } = this.#options;
    const dispatcher = this.#dispatcher;
    return {
      maxPacketBytes,
      maxInFlight,
      unfinished: this.#unfinished,
      stopped: this.#publishGate.stopped,
      mayRead: () => !this.#draining && this.#intake.hasRoom(),
      monotonicMs: () => this.#clock.monotonicMs(),
      packet: (connection, firstByte, bytes, start, end) =>
        dispatcher.packet(connection, firstByte, bytes, start, end),
      tooLarge: (connection, firstByte, length) => dispatcher.tooLarge(connection, firstByte, length),
      packetPassed: (connection, firstByte, head, length) =>
        this.#publishGate.passed(connection, firstByte, head, length),
      fault: (connection, firstByte, fault) => dispatcher.fault(connection, firstByte, fault),
      notConnect: (connection, firstByte) => dispatcher.notConnect(connection, firstByte),
      reject: (connection, reason, detail) => this.#connections.reject(connection, reason, detail),
      writable: (connection) => {
        if (connection.isConnected) this.#deliveries.writable(connection);
      },
      mayReceive: (connection, topic) => this.#grants.of(connection)?.mayReceive(topic) === true,
      subscribeDenial: (connection, filter) =>
        subscribeDenial(connection, this.#grants.of(connection), filter),
      subscriptionDenied: (connection, detail) =>
        this.#connections.deny(connection, 'subscribe-denied', detail),
      hasSubscribed: (connection) => this.#deliveries.filtersOf(connection).length > 0,
      ended: (connection) => this.#clients.ended(connection),
    };
  }

  #open(options: ListenerOptions): Promise<Listener> {
    const deps = { tls: this.#tls, revocations: this.#revocations, rejected: this.#rejected };
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
    if (this.#rejected.hold(stream)) void this.#rejected.answer(stream);
  }

  #connected(
    stream: Duplex,
    { remoteAddress, isProxied, isEncrypted, certificate }: ConnectionFacts,
    _request?: unknown,
    watch?: (onFrame: OnFrame) => void,
  ): void {
    this.#connectionsOpened += 1;
    const share = this.#connectionLimits.shareOf(remoteAddress);
    const parts = { stream, remoteAddress, isProxied, isEncrypted, certificate, share };
    const connection = new Connection(parts, this.#host, (client: PacedClient) =>
      this.#limits.paceOf(client),
    );
    this.#connections.opened(connection);
    stream.on('readable', () => connection.read());
    // What was accepted is still answered: a client may send DISCONNECT and close its side at once.
    (stream as Duplex & { allowHalfOpen: boolean }).allowHalfOpen = true;
    stream.on('end', () => connection.leave());
    stream.on('error', (error) => this.#streamFailed(connection, error));
    stream.on('close', () => {
      this.#connections.closed(connection);
      connection.closed();
    });
    watch?.(guardFrames(connection));
  }

  #streamFailed(connection: Connection, error: Error): void {
    const reason = streamFailure(error, connection.isConnected);
    if (reason !== undefined) connection.reject(reason, error.message);
    connection.destroy();
  }
}

/** A client of MQTT 5 gets the reason why its connection ends. */
function farewell(
  { level, isConnected, output, stream, maximumPacketBytes }: Connection,
  serverReference: string | undefined,
): Promise<void> {
  if (level === 5 && isConnected) {
    const { useAnotherServer, serverShuttingDown } = REASON_CODES;
    const reasonCode = serverReference === undefined ? serverShuttingDown : useAnotherServer;
    output.write(disconnect5(reasonCode, { serverReference, maximumPacketBytes }));
    output.end();
  }
  return endWrites(stream);
}

/** The receive maximum that CONNACK names: with more open packets its socket would not be read. */
function receiveMaximumOf({ maxInFlightPerClient }: BrokerOptions): number {
  return Math.min(maxInFlightPerClient, 0xffff);
}

/** Few where the open files do not allow all connections that are configured: what is held needs files beside them. */
function mayHold({ maxConnections, listeners, maxOpenConnections }: BrokerOptions): number {
  const isCut = maxOpenConnections !== undefined && maxOpenConnections < maxConnections * listeners.length;
  return isCut ? 16 : MAX_REJECTED;
}
