import type { Access } from '../access/access.js';
import type { Schedule } from '../lib/timers.js';
import type { RevocationList } from '../lib/tls/revocation-list.js';
import type { TlsContexts } from '../lib/tls/tls-contexts.js';
import type { Intake } from './intake.js';
import type { LimitCounters } from './limits/broker-limits.js';
import type { LimitOptions } from './limits/limit-options.js';
import type { GateCounters } from './publish/publish-gate.js';
import type { RefusalCounts, RefusalDeps } from './refusals.js';
import type { RetainedCounters, RetainedMessages } from './retained/retained-messages.js';
import type { Deliveries, DeliveryCounters } from './sessions/deliveries.js';
import type { ListenerOptions } from './transport/listener.js';

export interface BrokerOptions {
  readonly listeners: readonly ListenerOptions[];
  readonly maxPacketBytes: number;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  readonly maxKeepaliveMs: number;
  /** The server reference for clients of MQTT 5, when this broker stops or has too much to do. */
  readonly serverReference?: string;
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
  /** Absent: kept in memory. */
  readonly retained?: RetainedMessages;
  /** Absent: sessions are kept in memory. */
  readonly deliveries?: Deliveries;
  /** Whether a topic that begins with `$` and has this first level may be published without access rules; absent: none. */
  readonly isNamedLevel?: (firstLevel: string) => boolean;
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
  readonly deliveries: DeliveryCounters;
  readonly retained: RetainedCounters;
  /** Bytes of packets that have begun and not ended, with the cost of their buffers. */
  readonly unfinishedBytes: number;
  readonly refused: Readonly<RefusalCounts>;
  readonly limits: LimitCounters;
}

export const BROKER_DEFAULTS = { maxUnfinishedBytes: 64 * 2 ** 20, packetTimeoutMs: 30_000 } as const;
