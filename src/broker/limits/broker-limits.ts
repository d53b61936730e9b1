import type { Clock } from '../../lib/clock.js';
import type { Warn } from '../../lib/warnings.js';
import type { Connection } from '../connection/connection.js';
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
  readonly clock: Clock;
  readonly warn: Warn;
}

export interface LimitCounters extends PaceCounters {
  readonly silent: number;
  /** New connections that had to wait. */
  readonly delayedConnections: number;
}

const MAX_SHARE_OF_USER = 0.9;

/** BrokerLimits has what one client, user or address may use, beside the number of its connections. */
export class BrokerLimits {
  readonly newConnections: NewConnections;
  readonly users: UserConnections;
  readonly shedding: LoadShedding;
  readonly #paces: ReadPaces;
  readonly #silent: SilentClients;

  constructor({ limits, maxConnections, connectTimeoutMs }: BrokerLimitsOptions, deps: BrokerLimitsDeps) {
    const options = { ...LIMIT_DEFAULTS, ...limits };
    const { clock, warn } = deps;
    const monotonicMs = () => clock.monotonicMs();
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

  paceOf(client: PacedClient): ReadPace {
    return this.#paces.of(client);
  }

  /** Call it when the client has its grant. */
  signedIn(connection: Connection): void {
    this.granted(connection);
    this.#silent.connected(connection);
  }

  /** Gives the client the rates of its grant, in the place of those that it has. */
  granted(connection: Connection): void {
    connection.giveBackRates?.();
    connection.giveBackRates = this.#paces.signedIn(connection.pace, connection.grant?.limits);
  }

  ended(connection: Connection): void {
    this.#paces.closed(connection.pace);
    connection.giveBackRates?.();
    this.#silent.closed(connection);
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
