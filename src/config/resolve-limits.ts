import type * as z from 'zod';
import type { limits } from './schema-limits.js';
import type { LimitsConfig } from './sluice-config.js';

/** Converts `broker.limits` as it is written to what the broker takes. */
export function resolveLimits(written: z.output<typeof limits>): LimitsConfig {
  const { messagesPerSecond, bytesPerSecond, user, address } = written;
  return {
    newConnectionsPerSecond: written.newConnectionsPerSecond,
    connectionsPerUser: written.connectionsPerUser,
    perClient: { messagesPerSecond, bytesPerSecond },
    perUser: user,
    perAddress: address,
    burstMs: written.burst,
    disconnectAfterMs: written.disconnectAfter,
    silentAfterMs: written.silentAfter,
    closesSilent: written.closeSilent,
    maxLagMs: written.eventLoopLag,
    maxMemoryBytes: written.memory,
  };
}
