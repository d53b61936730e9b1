import type * as z from 'zod';
import { topicFormats } from './schema-formats.js';
import { limits } from './schema-limits.js';
import { metrics } from './schema-metrics.js';
import { policies } from './schema-policies.js';
import { retained } from './schema-retained.js';
import { lookupTables, rules } from './schema-rules.js';
import { sessions } from './schema-sessions.js';
import { sink } from './schema-sink.js';
import { stream } from './schema-stream.js';
import { windows } from './schema-windows.js';
import { duration, oneOf, size, text, texts, trueOrFalse, wholeNumber } from './setting.js';
import { listOf, section, wordOr } from './structured-setting.js';

export type { SluiceConfig } from './sluice-config.js';

/** Every key of sluice.yaml with its default, limits and description, in the order of the data path. */

const MiB = 2 ** 20;
const GiB = 2 ** 30;

/** Below 268,435,455 bytes, the largest value of a four-byte remaining length (MQTT 3.1.1, 2.2.3). */
const MAX_MQTT_PACKET_BYTES = 255 * MiB;
/** MQTT 3.1.1, 3.1.2.10: the keep alive is a two-byte number of seconds. */
const MAX_KEEPALIVE_MS = 65_535_000;

const certificate = {
  cert: text({
    type: 'path',
    description:
      'File with the certificate of the server and those that lead to its CA (PEM), read again when it changes.',
  }),
  key: text({ type: 'path', description: 'File with the private key of the certificate (PEM), mode 0600.' }),
};

const listener = section(
  {
    protocol: oneOf(['mqtt', 'mqtts', 'ws', 'wss'], {
      description:
        'Selects MQTT over TCP or over WebSocket; with the final `s` over TLS, which needs the section `tls`.',
    }).prefault('mqtt'),
    host: text({ type: 'host or address', description: 'Address that the server listens on.' }).prefault(
      '127.0.0.1',
    ),
    port: wholeNumber({
      min: 0,
      max: 65_535,
      unset: '1883, with `mqtts` 8883, with `ws` 8083, with `wss` 8084',
      description: 'Port that the server listens on; 0 selects any free port.',
    }).optional(),
    tls: section(
      {
        ...certificate,
        clientCa: text({
          type: 'path',
          description:
            'File with the CAs of client certificates (PEM). When it is set, every client must show a certificate of theirs.',
        }).optional(),
      },
      { description: 'TLS of the listener: version 1.2 or later.' },
    ).optional(),
    allowPlain: trueOrFalse({
      description:
        'Allows a listener without TLS beyond this machine, although names and passwords can be read on the network.',
    }).prefault(false),
    proxy: texts({
      type: 'list of addresses and networks',
      unset: 'no PROXY protocol',
      description:
        'Addresses of load balancers, such as `10.0.0.7` or `10.0.0.0/24`, that must begin each connection with a PROXY header (version 1 or 2); all others are refused.',
    }).optional(),
    origins: texts({
      type: 'list of origins',
      unset: 'only pages of the same host',
      description: 'Origins of web pages that may open a WebSocket, such as `https://dashboard.example.com`.',
    }).optional(),
    hosts: texts({
      type: 'list of names',
      unset: 'none beyond `localhost`, addresses and names without a dot',
      description: 'Further names in the `Host` header that a WebSocket listener answers to.',
    }).optional(),
  },
  { description: 'An address that devices connect to.' },
);

const broker = section(
  {
    listeners: listOf(listener, {
      placeholder: { port: 0 },
      description: 'The addresses that devices connect to.',
    }).prefault([{}]),
    access: text({
      type: 'path',
      unset: 'clients are not authenticated',
      description:
        'File with users, roles and permissions, for MQTT and for HTTP. It is read again when it changes; with it nobody is anonymous.',
    }).optional(),
    insecure: trueOrFalse({
      description:
        'Allows listeners beyond this machine without `access`, although clients are not authenticated.',
    }).prefault(false),
    maxPacketSize: size({
      min: 1_024,
      max: MAX_MQTT_PACKET_BYTES,
      description:
        'Size limit of a packet. A larger message is not buffered: its first KiB is parked, and it is acknowledged.',
    }).prefault('256KiB'),
    maxConnections: wholeNumber({
      min: 1,
      max: 1_000_000,
      description: 'Limit of open connections for each listener.',
    }).prefault(10_000),
    maxConnectionsPerAddress: wholeNumber({
      min: 1,
      max: 1_000_000,
      unset: 'half of all; loopback without a limit',
      description:
        'Limit of open connections from one IPv4 address or one IPv6 network of 64 bits, on all listeners together; when it is set, it applies to loopback too.',
    }).optional(),
    connectTimeout: duration({
      min: 100,
      max: 600_000,
      description: 'Time in which a new connection must send its CONNECT.',
    }).prefault('10s'),
    packetTimeout: duration({
      min: 1_000,
      max: 3_600_000,
      description:
        'Time in which a packet that has begun must be complete; each KiB of it that has arrived adds a second.',
    }).prefault('30s'),
    maxKeepalive: duration({
      min: 1_000,
      max: MAX_KEEPALIVE_MS,
      description:
        'Longest keep alive; a shorter one than the default also applies to clients that ask for more or for none.',
    }).prefault('65535s'),
    serverReference: text({
      type: 'host and port',
      description:
        'Another gateway that clients of MQTT 5 get as server reference when this one stops or has too much to do.',
    }).optional(),
    retained: retained.prefault({}),
    maxInFlightPerClient: wholeNumber({
      min: 1,
      max: 65_535,
      description:
        'Number of packets of one client that may wait to be stored; at the limit its socket is not read.',
    }).prefault(500),
    maxInFlightBytes: size({
      min: 64 * 1_024,
      max: 16 * GiB,
      description:
        'Bytes of all clients that may wait to be stored; at the limit no socket is read. Packets that are not complete may take as much again; at that limit those who hold most are closed.',
    }).prefault('64MiB'),
    limits: limits.prefault({}),
    sessions: sessions.prefault({}),
  },
  { description: 'The MQTT broker.' },
);

const consumer = section(
  {
    match: oneOf(['first', 'all'], {
      description:
        'Which rules take a record: the first whose topic filter matches, or all of them. With `all` a record is parked when one of them parks it; the points of the others are written.',
    }).prefault('first'),
    formats: topicFormats,
    policies: policies.prefault({}),
    tables: lookupTables,
    batch: section(
      {
        records: wholeNumber({ min: 1, max: 100_000, description: 'Limit of records in a batch.' }).prefault(
          5_000,
        ),
        bytes: size({ min: 64 * 1_024, max: GiB, description: 'Limit of bytes in a batch.' }).prefault(
          '8MiB',
        ),
        linger: duration({
          max: 60_000,
          description: 'Time that a batch waits for more records when it is not full.',
        }).prefault('100ms'),
      },
      { description: 'Size of the batches that the consumer reads.' },
    ).prefault({}),
    checkpointInterval: duration({
      min: 10,
      max: 600_000,
      description:
        'Interval at which position and ledger are saved; after a crash the records of at most one interval are written again.',
    }).prefault('1s'),
    payload: section(
      {
        maxSize: size({
          min: 1,
          max: 64 * MiB,
          description: 'Size limit of a payload; a larger one is parked without being parsed.',
        }).prefault('64KiB'),
        maxDepth: wholeNumber({
          min: 1,
          max: 256,
          description: 'Limit of nested objects and lists.',
        }).prefault(16),
        maxKeys: wholeNumber({
          min: 1,
          max: 1_000_000,
          description: 'Limit of keys in all objects of a payload together.',
        }).prefault(1_000),
      },
      { description: 'Limits of a payload; a payload beyond them is parked.' },
    ).prefault({}),
    deadLetter: section(
      {
        maxSize: size({
          min: 16 * MiB,
          description:
            'Size limit of all parked records together; a quarter of it is kept for records that the store refused. When it is reached, `whenFull` decides.',
        }).prefault('1GiB'),
        whenFull: oneOf(['keep-reason', 'block', 'drop-oldest'], {
          description:
            'Behaviour when there is no room for records that devices cause to be parked (format, rule, time, size): `keep-reason` keeps identity and reason without the payload, `drop-oldest` drops the oldest of them, `block` waits. For all other records the consumer always waits.',
        }).prefault('keep-reason'),
        clientShare: wholeNumber({
          min: 1,
          max: 100,
          description:
            'Share of `maxSize` in percent that the payloads of one user, or of a client without a user, may take when a device causes them; beyond it only identity and reason are kept. It does not apply with `whenFull: block`.',
        }).prefault(10),
      },
      { description: 'The store of parked records.' },
    ).prefault({}),
  },
  { description: 'The consumer, which turns records into points.' },
);

const http = section(
  {
    host: text({ type: 'host or address', description: 'Address that the server listens on.' }).prefault(
      '127.0.0.1',
    ),
    port: wholeNumber({
      min: 0,
      max: 65_535,
      description: 'Port that the server listens on; 0 selects any free port.',
    }).prefault(8080),
    insecure: trueOrFalse({
      description: 'Allows a host beyond this machine, although readers are not authenticated.',
    }).prefault(false),
    changes: oneOf(['loopback', 'always', 'never'], {
      description:
        'Allows replay, purge, reloads and changes of the log level over HTTP; `loopback` allows them only while `host` is a loopback address.',
    }).prefault('loopback'),
    maxConnectionsPerAddress: wholeNumber({
      min: 4,
      max: 256,
      description:
        'Limit of connections of one address; beyond it the oldest idle one is closed, and health is always answered.',
    }).prefault(64),
    maxStreamsPerAddress: wholeNumber({
      min: 1,
      max: 64,
      description:
        'Limit of open live pages of one address; raise it where a proxy in front gives all users one address.',
    }).prefault(8),
    tls: section(certificate, { description: 'TLS of the HTTP server: version 1.2 or later.' }).optional(),
    hosts: texts({
      type: 'list of names',
      unset: 'none beyond `localhost`, addresses and names without a dot',
      description:
        'Further names in the `Host` header that the server answers to, such as `gateway.example.com`.',
    }).optional(),
    read: oneOf(['open', 'token'], {
      unset: '`open` on loopback or without `broker.access`, else `token`',
      description: 'Whether reading needs a token or a sign-in (`broker.access` has the users).',
    }).optional(),
  },
  { description: 'The HTTP server.' },
);

export const schema = section(
  {
    broker: broker.prefault({}),
    stream: stream.prefault({}),
    rules,
    consumer: consumer.prefault({}),
    windows,
    sink,
    http: wordOr(false, http, {
      type: 'false, or section',
      description: 'The HTTP server for live page, health, metrics and ledger; `false` switches it off.',
    }).prefault({}),
    metrics,
    log: section(
      {
        level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
          description: 'The least severe level that is logged.',
        }).prefault('info'),
        format: oneOf(['auto', 'json', 'pretty'], {
          description: 'Format of log lines; `auto` is pretty on a terminal and JSON elsewhere.',
        }).prefault('auto'),
      },
      { description: 'The log of the gateway, which goes to stderr.' },
    ).prefault({}),
  },
  { description: 'The whole file.' },
);

/** The file with defaults filled in and units resolved to bytes and milliseconds, before the checks between keys. */
export type Written = z.output<typeof schema>;
