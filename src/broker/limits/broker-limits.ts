import type { Client } from 'aedes';
import type { Clock } from '../../lib/clock.js';
import type { Warn } from '../../lib/warnings.js';
import type { Session, Sessions } from '../session.js';
import { defaultMaxMemoryBytes, LIMIT_DEFAULTS, type LimitOptions } from './limit-options.js';
import { LoadShedding } from './load-shedding.js';
import { NewConnections } from './new-connections.js';
import type { PacedClient, PaceReason, ReadPace } from './read-pace.js';
import { type PaceCounters, ReadPaces } from './read-paces.js';
import { SilentClients } from './silent-clients.js';
import { UserConnections } from './user-connections.js';

export interface BrokerLimitsOptions {
  readonly limits?: Partial<LimitOptions>;
  /** Of all listeners together. */
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
}

export interface BrokerLimitsDeps {
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly warn: Warn;
}

export interface LimitCounters extends PaceCounters {
  readonly silent: number;
  /** New connections that had to wait. */
  readonly delayedConnections: number;
}

/** Members of aedes 1.2.0 that no type declares; a test fails when one is gone. */
interface KeptAlive {
  readonly _keepaliveInterval: number;
  readonly _keepaliveTimer: NodeJS.Timeout | null;
}

const MAX_SHARE_OF_USER = 0.9;

/** BrokerLimits has what one client, user or address may use, beside the number of its connections. */
export class BrokerLimits {
  readonly newConnections: NewConnections;
  readonly users: UserConnections;
  readonly shedding: LoadShedding;
  readonly #paces: ReadPaces;
  readonly #silent: SilentClients;
  readonly #sessions: Sessions;
  /** Gives back the rates of a client. */
  readonly #giveBack = new WeakMap<Client, () => void>();

  constructor({ limits, maxConnections, connectTimeoutMs }: BrokerLimitsOptions, deps: BrokerLimitsDeps) {
    const options = { ...LIMIT_DEFAULTS, ...limits };
    const { clock, warn } = deps;
    const monotonicMs = () => clock.monotonicMs();
    this.#sessions = deps.sessions;
    this.newConnections = new NewConnections(
      { perSecond: options.newConnectionsPerSecond, maxWaitMs: connectTimeoutMs },
      clock,
    );
    this.users = new UserConnections(
      options.connectionsPerUser ?? Math.ceil(maxConnections * MAX_SHARE_OF_USER),
    );
    this.shedding = new LoadShedding(
      { ...options, maxMemoryBytes: options.maxMemoryBytes ?? defaultMaxMemoryBytes() },
      { monotonicMs },
    );
    this.#silent = new SilentClients(options, monotonicMs);
    const onSlowed = (client: PacedClient, rate: PaceReason, seconds: number) =>
      warn(
        { code: 'BROKER_CLIENT_SLOWED', ...client.who(), rate, seconds },
        'a client is slowed down: it sends more than its rate',
      );
    this.#paces = new ReadPaces(options, { monotonicMs, onSlowed });
  }

  /** The pace of a connection; `resume` reads its socket again. */
  paceOf(client: Client, resume: () => void): ReadPace {
    const pace = this.#paces.of({
      resume,
      keepAlive: () => {
        const kept = client as unknown as KeptAlive;
        if (kept._keepaliveInterval > 0) kept._keepaliveTimer?.refresh();
      },
      close: (detail) => this.#sessions.close(client, 'rate-exceeded', detail),
      who: () => {
        const { clientId, user, remoteAddress } = this.#sessions.of(client)!;
        return { clientId, user, remoteAddress };
      },
    });
    client.conn.once('close', () => this.#paces.closed(pace));
    return pace;
  }

  /** Call it when the client has its CONNACK. */
  signedIn(client: Client, session: Session): void {
    this.granted(client, session);
    const watched = {
      isSilent: () => !session.pace.hasPublished && session.subscriptions.size === 0,
      close: (detail: string) => this.#sessions.close(client, 'silent', detail),
    };
    this.#silent.connected(watched);
    client.conn.once('close', () => {
      this.#giveBack.get(client)?.();
      this.#silent.closed(watched);
    });
  }

  /** Gives the client the rates of its grant, in the place of those that it has. */
  granted(client: Client, { pace, grant }: Session): void {
    this.#giveBack.get(client)?.();
    this.#giveBack.set(client, this.#paces.signedIn(pace, grant?.limits));
  }

  counters(): LimitCounters {
    return {
      ...this.#paces.counters(),
      silent: this.#silent.count,
      delayedConnections: this.newConnections.delayed,
    };
  }

  close(): void {
    this.#paces.close();
    this.#silent.close();
    this.shedding.close();
    this.newConnections.close();
  }
}
