import { type FileHandle, open } from 'node:fs/promises';
import { decodeJson } from '../formats/json/decode-json.js';
import {
  ExactNumber,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  memberOf,
} from '../formats/json/json-value.js';
import { errorText, SluiceError } from '../lib/errors.js';
import type { MessageProperties } from '../lib/message-properties.js';
import { propertiesOfJson } from '../lib/properties-json.js';
import { parseRfc3339 } from '../lib/rfc3339.js';
import type { StreamRecord } from '../stream/stream.js';

/** An MQTT packet cannot be longer. */
const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024;
/** A line has room for a payload of the default size, however it is escaped. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;
const LINE_LIMITS = {
  maxPayloadBytes: MAX_LINE_BYTES,
  maxDepth: 64,
  maxKeys: 100_000,
  maxKeyLength: 4_096,
} as const;

/** How the lines of a file are written; `auto`: one that begins with `{` is JSON. */
export type LineFormat = 'auto' | 'json' | 'mosquitto';

/** What a line does not say. */
export type RecordDefaults = Pick<
  StreamRecord,
  'clientId' | 'user' | 'qos' | 'receivedAtNs' | 'properties'
> & {
  readonly topic?: string;
};

/** Opens a file, or standard input for `-`. Throws USAGE_INVALID. */
export async function openInput(
  path: string,
  option: string,
  stdin: AsyncIterable<Buffer | string>,
): Promise<AsyncIterable<Buffer | string>> {
  if (path === '-') return stdin;
  try {
    return chunksOf(await open(path), option);
  } catch (thrown) {
    throw unreadable(option, thrown);
  }
}

async function* chunksOf(file: FileHandle, option: string): AsyncGenerator<Buffer> {
  try {
    yield* file.createReadStream() as AsyncIterable<Buffer>;
  } catch (thrown) {
    throw unreadable(option, thrown);
  }
}

/** Reads a payload to its end. */
export async function readPayload(chunks: AsyncIterable<Buffer | string>, option: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    length += bytes.length;
    if (length > MAX_PAYLOAD_BYTES) break;
    parts.push(bytes);
  }
  if (length <= MAX_PAYLOAD_BYTES) return Buffer.concat(parts);
  throw new SluiceError('USAGE_INVALID', `${option}: longer than any MQTT packet (256 MiB)`);
}

function unreadable(option: string, thrown: unknown): SluiceError {
  return new SluiceError('USAGE_INVALID', `${option}: the file cannot be read: ${errorText(thrown)}`);
}

/** Reads the record in a line, or says why there is none. */
export function readRecordLine(
  line: Buffer,
  format: LineFormat,
  defaults: RecordDefaults,
): StreamRecord | string {
  const isJson =
    format === 'json' || (format === 'auto' && line.toString('utf8').trimStart().startsWith('{'));
  return isJson ? fromJson(line, defaults) : fromMosquitto(line, defaults);
}

/** `topic payload`, as `mosquitto_sub -v` prints it: so a topic cannot have a blank in it. */
function fromMosquitto(line: Buffer, defaults: RecordDefaults): StreamRecord | string {
  const blank = line.indexOf(' ');
  if (blank <= 0) return 'expected a topic, a blank and a payload, as mosquitto_sub -v prints them';
  const topic = line.toString('utf8', 0, blank);
  return { ...defaults, topic, payload: Buffer.from(line.subarray(blank + 1)) };
}

function fromJson(line: Buffer, defaults: RecordDefaults): StreamRecord | string {
  const decoded = decodeJson(line, LINE_LIMITS);
  if (!decoded.ok) return `not readable as JSON: ${decoded.reason}`;
  if (!isJsonObject(decoded.value)) return 'expected a JSON object with topic and payload';
  const object = decoded.value;
  const {
    topic = defaults.topic,
    clientId = defaults.clientId,
    user = defaults.user,
    qos = defaults.qos,
  } = object;
  if (typeof topic !== 'string') return 'topic: expected a text';
  if (typeof clientId !== 'string') return 'clientId: expected a text';
  if (user !== undefined && typeof user !== 'string') return 'user: expected a text';
  if (qos !== 0 && qos !== 1 && qos !== 2) return 'qos: expected 0, 1 or 2';
  const receivedAtNs = receiveTimeIn(object, defaults.receivedAtNs);
  if (typeof receivedAtNs === 'string') return receivedAtNs;
  const payload = payloadIn(object);
  if (typeof payload === 'string') return payload;
  const properties = propertiesIn(object, defaults.properties);
  if (typeof properties === 'string') return properties;
  return { topic, clientId, user, qos, receivedAtNs, payload, properties };
}

/** As a parked record has them. */
function propertiesIn(
  object: JsonObject,
  otherwise: MessageProperties | undefined,
): MessageProperties | undefined | string {
  const properties = memberOf(object, 'properties');
  const read = properties === undefined ? otherwise : propertiesOfJson(properties);
  return typeof read === 'string' ? `properties: ${read}` : read;
}

/** The `id` of a parked record is its receive time. */
function receiveTimeIn(object: JsonObject, otherwise: bigint): bigint | string {
  const { receivedAt, id } = object;
  if (receivedAt === undefined) {
    return typeof id === 'string' && /^\d{1,19}$/.test(id) ? BigInt(id) : otherwise;
  }
  const read = typeof receivedAt === 'string' ? parseRfc3339(receivedAt) : undefined;
  return read?.ok === true ? read.ns : 'receivedAt: expected RFC 3339, such as "2026-03-01T12:00:00Z"';
}

/** A text is the payload itself; any other value is written as JSON. */
function payloadIn(object: JsonObject): Buffer | string {
  const payload = memberOf(object, 'payload');
  const base64 = memberOf(object, 'payloadBase64');
  if (typeof payload === 'string') return Buffer.from(payload);
  if (payload !== undefined) return Buffer.from(exactJson(payload));
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64');
  return 'payload: expected a text or a JSON value';
}

/** JSON with the numbers as they were written. */
function exactJson(value: JsonValue): string {
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(exactJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${exactJson(member)}`);
  return `{${members.join(',')}}`;
}
