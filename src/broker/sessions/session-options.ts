const MIB = 2 ** 20;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Bounds of what is kept for subscribers. */
export interface SessionOptions {
  /** Durable sessions (clean session 0) of connected and absent clients. Over it, the one that was absent longest ends. */
  readonly maxSessions: number;
  /** A session ends when its client was absent for so long. */
  readonly expiryMs: number;
  /** Messages that wait for one client; over it, the oldest goes. At most MAX_QUEUED_MESSAGES. */
  readonly maxQueuedMessages: number;
  /** Bytes of the messages that wait for one client. */
  readonly maxQueuedBytes: number;
  /** Bytes of the messages that wait for all clients. A message counts for each of them, although it is stored once. */
  readonly maxTotalBytes: number;
}

export const SESSION_DEFAULTS: SessionOptions = {
  maxSessions: 10_000,
  expiryMs: 7 * DAY_MS,
  maxQueuedMessages: 10_000,
  maxQueuedBytes: 8 * MIB,
  maxTotalBytes: 64 * MIB,
};

/** Each waiting message has a packet id of its own, and there are 65,535 of them. */
export const MAX_QUEUED_MESSAGES = 60_000;

/** Topic filters of one client: each costs memory for as long as the session lasts. */
export const MAX_SUBSCRIPTIONS = 100;
