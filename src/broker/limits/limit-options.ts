import { constrainedMemoryBytes } from '../../lib/constrained-memory.js';
import type { LoadSheddingOptions } from './load-shedding.js';
import type { ReadPacesOptions } from './read-paces.js';
import type { SilentClientsOptions } from './silent-clients.js';

/** What one client, user or address may use, and when the broker takes no further client. */
export interface LimitOptions extends ReadPacesOptions, SilentClientsOptions, LoadSheddingOptions {
  /** From one address. */
  readonly newConnectionsPerSecond: number;
  /** Absent: nine tenths of all connections, so that others can still connect. */
  readonly connectionsPerUser?: number;
}

/** Rates have no default: what a device may send is known to its owner only. */
export const LIMIT_DEFAULTS = {
  newConnectionsPerSecond: 1_000,
  perClient: {},
  perUser: {},
  perAddress: {},
  burstMs: 10_000,
  disconnectAfterMs: 15 * 60_000,
  silentAfterMs: 10 * 60_000,
  closesSilent: false,
  maxLagMs: 2_000,
} as const;

/** Share of the memory that the process may use at most: beyond it the system ends processes. */
const MEMORY_SHARE = 0.9;

export function defaultMaxMemoryBytes(): number {
  return Math.floor(constrainedMemoryBytes() * MEMORY_SHARE);
}
