import { duration, size, trueOrFalse, wholeNumber } from './setting.js';
import { section } from './structured-setting.js';

/** `broker.limits`: what one client, user or address may use. */

const TiB = 2 ** 40;

function rates(whose: string) {
  return {
    messagesPerSecond: wholeNumber({
      min: 1,
      max: 10_000_000,
      unset: 'no limit',
      description: `Messages a second ${whose}; above it sockets are read more slowly.`,
    }).optional(),
    bytesPerSecond: size({
      min: 1,
      max: TiB,
      unset: 'no limit',
      description: `Bytes a second ${whose}; above it sockets are read more slowly.`,
    }).optional(),
  };
}

export const limits = section(
  {
    newConnectionsPerSecond: wholeNumber({
      min: 1,
      max: 1_000_000,
      description:
        'New connections a second from one address, loopback too; five times as many may come at once, further ones wait, and those that would wait longer than `connectTimeout` are closed.',
    }).prefault(1_000),
    connectionsPerUser: wholeNumber({
      min: 1,
      max: 1_000_000,
      unset: 'nine tenths of all',
      description:
        'Limit of open connections of one user, with `access`; a role may set its own in the access file.',
    }).optional(),
    ...rates('of each client, unless its role sets its own'),
    user: section(rates('of all clients of a user together, with `access`'), {
      description: 'Limits of each user.',
    }).prefault({}),
    address: section(rates('of all clients of an address together'), {
      description: 'Limits of each address.',
    }).prefault({}),
    burst: duration({
      min: 1_000,
      max: 3_600_000,
      description: 'What was not sent may be sent later, up to what the rate allows in this time.',
    }).prefault('10s'),
    disconnectAfter: duration({
      min: 1_000,
      max: 86_400_000,
      description:
        'A client that its rates slow down for so long without a break is disconnected; what it sent with QoS 1 or 2 it sends again.',
    }).prefault('15min'),
    silentAfter: duration({
      min: 1_000,
      max: 86_400_000,
      description:
        'A client that neither publishes nor subscribes for so long after CONNECT counts as silent.',
    }).prefault('10min'),
    closeSilent: trueOrFalse({ description: 'Closes the connections of silent clients.' }).prefault(false),
    eventLoopLag: duration({
      min: 50,
      max: 60_000,
      description:
        'While the thread of the broker lags more than this, a CONNECT is answered with return code 3 (server unavailable).',
    }).prefault('2s'),
    memory: size({
      min: 64 * 2 ** 20,
      max: TiB,
      unset: 'nine tenths of the memory of the machine or container',
      description:
        'While the process uses more memory than this, a CONNECT is answered with return code 3 (server unavailable).',
    }).optional(),
  },
  { description: 'What one client, user or address may use, and when no further client is accepted.' },
);
