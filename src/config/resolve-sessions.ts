import type * as z from 'zod';
import type { sessions } from './schema-sessions.js';
import type { SessionsConfig } from './sluice-config.js';

/** Converts `broker.sessions` as it is written to what the broker takes. */
export function resolveSessions(written: z.output<typeof sessions>): SessionsConfig {
  return {
    maxSessions: written.maxSessions,
    expiryMs: written.expireAfter,
    maxQueuedMessages: written.maxQueuedMessages,
    maxQueuedBytes: written.maxQueuedSize,
    maxTotalBytes: written.maxTotalSize,
  };
}
