import { duration, size, wholeNumber } from './setting.js';
import { section } from './structured-setting.js';

const GiB = 2 ** 30;
const DAY_MS = 24 * 60 * 60 * 1000;

/** `broker.sessions`: what is kept for subscribers. */
export const sessions = section(
  {
    maxSessions: wholeNumber({
      min: 1,
      max: 1_000_000,
      description:
        'Limit of sessions (clean session 0); over it the one ends whose client was absent longest. Connected clients keep theirs.',
    }).prefault(10_000),
    expireAfter: duration({
      min: 1_000,
      max: 365 * DAY_MS,
      description: 'A session ends when its client was absent for so long.',
    }).prefault('7d'),
    maxQueuedMessages: wholeNumber({
      min: 1,
      max: 60_000,
      description:
        'Messages at QoS 1 and 2 that wait for one subscriber, connected or absent; over it the oldest one goes.',
    }).prefault(10_000),
    maxQueuedSize: size({
      min: 64 * 1_024,
      max: GiB,
      description: 'Bytes of the messages that wait for one subscriber; over it the oldest one goes.',
    }).prefault('8MiB'),
    maxTotalSize: size({
      min: 64 * 1_024,
      max: 4 * GiB,
      description:
        'Bytes of the messages that wait for all subscribers, each counted for everyone it waits for; over it the longest queue loses its oldest ones.',
    }).prefault('64MiB'),
  },
  {
    description:
      'Sessions of clients that connect with clean session 0, and the messages that wait for subscribers.',
  },
);
