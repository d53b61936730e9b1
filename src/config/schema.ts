import type * as z from 'zod';
import { metrics } from './schema-metrics.js';
import { rules } from './schema-rules.js';
import { sink } from './schema-sink.js';
import { stream } from './schema-stream.js';
import { duration, listOf, oneOf, section, size, text, trueOrFalse, wholeNumber, wordOr } from './setting.js';

export type { SluiceConfig } from './sluice-config.js';

/** Every key of sluice.yaml with its default, limits and sentence, in path order. */

const MiB = 2 ** 20;
const GiB = 2 ** 30;

/** Below the 268,435,455 bytes that a remaining length of four bytes can say (MQTT 3.1.1, 2.2.3). */
const MAX_MQTT_PACKET_BYTES = 255 * MiB;
/** MQTT 3.1.1, 3.1.2.10: the keep alive is two bytes of seconds. */
const MAX_KEEPALIVE_MS = 65_535_000;

const listener = section(
  {
    protocol: oneOf(['mqtt', 'ws'], { says: 'MQTT over TCP, or over WebSocket.' }).prefault('mqtt'),
    host: text({ type: 'host or address', says: 'Address to listen on.' }).prefault('127.0.0.1'),
    port: wholeNumber({ min: 0, max: 65_535, says: 'Port to listen on; 0 takes any free one.' }).prefault(
      1883,
    ),
  },
  { says: 'One listener.' },
);

const broker = section(
  {
    listeners: listOf(listener, { placeholder: { port: 0 }, says: 'Where devices connect.' }).prefault([{}]),
    insecure: trueOrFalse({
      says: 'Allow listeners beyond this machine although clients are not authenticated.',
    }).prefault(false),
    maxPacketSize: size({
      min: 1_024,
      max: MAX_MQTT_PACKET_BYTES,
      says: 'Larger packets end the connection before they are buffered.',
    }).prefault('256KiB'),
    maxConnections: wholeNumber({
      min: 1,
      max: 1_000_000,
      says: 'Connections at once, for each listener.',
    }).prefault(10_000),
    connectTimeout: duration({
      min: 100,
      max: 600_000,
      says: 'How long a new connection may take to send its CONNECT.',
    }).prefault('10s'),
    maxKeepalive: duration({
      min: 1_000,
      max: MAX_KEEPALIVE_MS,
      says: 'Longest keep alive; a client that asks for more, or for none, gets this one.',
    }).prefault('20min'),
    maxInFlightPerClient: wholeNumber({
      min: 1,
      max: 65_535,
      says: 'Packets of one client that may wait to be stored before its socket is read no further.',
    }).prefault(500),
    maxInFlightBytes: size({
      min: 64 * 1_024,
      max: 16 * GiB,
      says: 'Bytes of all clients together that may wait to be stored before sockets are read no further.',
    }).prefault('64MiB'),
  },
  { says: 'The MQTT side.' },
);

const consumer = section(
  {
    batch: section(
      {
        records: wholeNumber({ min: 1, max: 100_000, says: 'Records taken at once.' }).prefault(5_000),
        bytes: size({ min: 64 * 1_024, max: GiB, says: 'Bytes taken at once.' }).prefault('8MiB'),
        linger: duration({
          max: 60_000,
          says: 'How long a batch that is not full waits for more records.',
        }).prefault('100ms'),
      },
      { says: 'What is taken from the stream at once.' },
    ).prefault({}),
    checkpointInterval: duration({
      min: 10,
      max: 600_000,
      says: 'How often position and ledger are saved; after a crash at most this much is written again.',
    }).prefault('1s'),
    payload: section(
      {
        maxSize: size({ min: 1, max: 64 * MiB, says: 'Larger payloads are parked unread.' }).prefault(
          '64KiB',
        ),
        maxDepth: wholeNumber({ min: 1, max: 256, says: 'Levels of objects and lists.' }).prefault(16),
        maxKeys: wholeNumber({
          min: 1,
          max: 1_000_000,
          says: 'Keys of all objects of a payload together.',
        }).prefault(1_000),
      },
      { says: 'What a payload may cost before it is parked.' },
    ).prefault({}),
    deadLetter: section(
      {
        maxSize: size({
          min: 16 * MiB,
          says: 'All parked records together; when it is full the consumer waits.',
        }).prefault('1GiB'),
      },
      { says: 'Where parked records go.' },
    ).prefault({}),
  },
  { says: 'From records to points.' },
);

const http = section(
  {
    host: text({ type: 'host or address', says: 'Address to listen on.' }).prefault('127.0.0.1'),
    port: wholeNumber({ min: 0, max: 65_535, says: 'Port to listen on; 0 takes any free one.' }).prefault(
      8080,
    ),
    insecure: trueOrFalse({
      says: 'Allow a host beyond this machine although readers are not authenticated.',
    }).prefault(false),
    changes: oneOf(['loopback', 'always', 'never'], {
      says: 'Where replay, purge and the log level may be asked for over HTTP; `loopback`: while `host` is this machine only.',
    }).prefault('loopback'),
  },
  { says: 'The HTTP server.' },
);

export const schema = section(
  {
    broker: broker.prefault({}),
    stream: stream.prefault({}),
    rules,
    consumer: consumer.prefault({}),
    sink,
    http: wordOr(false, http, {
      type: 'false, or section',
      says: 'Live page, health, metrics and ledger; `false` switches it off.',
    }).prefault({}),
    metrics,
    log: section(
      {
        level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
          says: 'The least severe lines to write.',
        }).prefault('info'),
        format: oneOf(['auto', 'json', 'pretty'], {
          says: '`auto` is pretty on a terminal and JSON lines elsewhere.',
        }).prefault('auto'),
      },
      { says: 'Log lines of the gateway itself, on stderr.' },
    ).prefault({}),
  },
  { says: 'The whole file.' },
);

/** The file with defaults filled in, units resolved to bytes and milliseconds, before it is checked as a whole. */
export type Written = z.output<typeof schema>;
