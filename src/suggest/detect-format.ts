import { isUtf8 } from 'node:buffer';
import { type Compression, inflate } from '../formats/compression/inflate.js';
import { FormatCache } from '../formats/create-format.js';
import type { FormatOptions } from '../formats/format-options.js';
import { DEFAULT_JSON_LIMITS, isJsonObject, type JsonValue } from '../formats/json/json-value.js';
import { LENIENCIES, type Leniency } from '../formats/json/lenient-json.js';
import type { Decoded } from '../formats/payload-format.js';
import { isSparkplugTopic } from '../formats/sparkplug/sparkplug-topic.js';
import { StateTables } from '../lib/state-tables.js';
import { csvOptionsOf } from './detect-csv.js';
import { linePrecision } from './line-precision.js';
import type { Unit } from './observed.js';
import type { SampleMessage } from './sample-message.js';

export interface DetectedFormat {
  readonly options: FormatOptions;
  readonly certainty: 'certain' | 'likely' | 'a guess';
  readonly why: string;
  /** The messages that it decodes, with their values. */
  readonly units: readonly Unit[];
}

/** A format must decode so many of the messages. */
const MIN_SHARE = 0.5;
const cache = new FormatCache();

/** Finds the format of messages that belong together; undefined when none decodes half of them. Empty payloads say nothing. */
export function detectFormat(all: readonly SampleMessage[]): DetectedFormat | undefined {
  const messages = all.filter(({ payload }) => payload.length > 0);
  const [first] = messages;
  if (first === undefined) return undefined;
  if (isSparkplugTopic(first.topic)) {
    // Its values depend on births in earlier messages, and its rule on none of them.
    const why = 'the topic is one of Sparkplug B';
    return { options: { type: 'sparkplug' }, certainty: 'certain', why, units: [] };
  }
  return compressed(messages) ?? json(messages) ?? binary(messages) ?? lines(messages) ?? text(messages);
}

function tried(
  messages: readonly SampleMessage[],
  options: FormatOptions,
  certainty: DetectedFormat['certainty'],
  why: string,
  isLike: (value: JsonValue) => boolean = () => true,
): DetectedFormat | undefined {
  const units = unitsOf(messages, options).filter(({ value }) => isLike(value));
  return units.length < messages.length * MIN_SHARE ? undefined : { options, certainty, why, units };
}

/** The values of the messages that a format decodes. */
function unitsOf(messages: readonly SampleMessage[], options: FormatOptions): Unit[] {
  return messages.flatMap((message) => {
    const decoded = decode(message, options);
    return decoded.ok ? [{ message, value: decoded.value }] : [];
  });
}

function decode(message: SampleMessage, options: FormatOptions): Decoded {
  const { payload, topic, receivedAtNs } = message;
  return cache.get(options).decode(payload, {
    limits: DEFAULT_JSON_LIMITS,
    topic,
    receivedAtNs,
    state: new StateTables(),
  });
}

function compressed(messages: readonly SampleMessage[]): DetectedFormat | undefined {
  const compression = compressionOf(messages[0]!.payload);
  if (compression === undefined) return undefined;
  const inflated = messages.flatMap((message) => {
    const result = inflate(message.payload, compression, DEFAULT_JSON_LIMITS.maxPayloadBytes);
    return result.ok ? [{ ...message, payload: result.bytes }] : [];
  });
  if (inflated.length < messages.length * MIN_SHARE) return undefined;
  const inner = json(inflated) ?? binary(inflated) ?? lines(inflated) ?? text(inflated);
  if (inner === undefined) return undefined;
  const options = { ...inner.options, compression };
  return tried(messages, options, 'certain', `the payloads begin as ${compression} does`);
}

function compressionOf(payload: Buffer): Exclude<Compression, 'none' | 'deflate'> | undefined {
  const [first = 0, second = 0, third, fourth] = payload;
  if (first === 0x1f && second === 0x8b) return 'gzip';
  if (first === 0x28 && second === 0xb5 && third === 0x2f && fourth === 0xfd) return 'zstd';
  // RFC 1950: deflate with a window of 32 KiB, and a check of both bytes.
  return first === 0x78 && (first * 256 + second) % 31 === 0 ? 'zlib' : undefined;
}

function json(messages: readonly SampleMessage[]): DetectedFormat | undefined {
  const repaired = repairsIn(messages);
  const options: FormatOptions =
    repaired.length === 0 ? { type: 'json' } : { type: 'json', lenient: repaired };
  const why = repaired.length === 0 ? 'it is strict JSON' : `JSON with faults: ${repaired.join(', ')}`;
  const isStructure = (value: JsonValue) => isJsonObject(value) || Array.isArray(value);
  const found = tried(messages, options, 'certain', why, isStructure);
  if (found === undefined || !found.units.every(({ value }) => isSenmlPack(value))) return found;
  return tried(messages, { type: 'senml' }, 'likely', 'lists of records with the labels of SenML') ?? found;
}

function repairsIn(messages: readonly SampleMessage[]): Leniency[] {
  const found = new Set<string>();
  for (const message of messages) {
    const decoded = decode(message, { type: 'json', lenient: LENIENCIES });
    if (decoded.ok) for (const word of decoded.repaired ?? []) found.add(word);
  }
  return LENIENCIES.filter((word) => found.has(word));
}

const SENML_VALUES = ['v', 'vs', 'vb', 'vd', 's'];

function isSenmlPack(value: JsonValue): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  const records = value.filter(isJsonObject);
  const hasName = records.some((record) => 'bn' in record || 'n' in record);
  const hasValue = records.some((record) => SENML_VALUES.some((label) => label in record));
  return records.length === value.length && hasName && hasValue;
}

function binary(messages: readonly SampleMessage[]): DetectedFormat | undefined {
  const { payload } = messages[0]!;
  const isTagged = payload[0] === 0xd9 && payload[1] === 0xd9 && payload[2] === 0xf7;
  // Text is not binary, although a letter is a number in CBOR and in MessagePack.
  if (!isTagged && messages.every((message) => isUtf8(message.payload) && isPrintable(message.payload)))
    return undefined;
  const certainty = isTagged ? 'certain' : 'likely';
  const why = isTagged
    ? 'the payloads say that they are CBOR'
    : 'the payloads are maps of CBOR, to their last byte';
  return (
    tried(messages, { type: 'senml' }, 'likely', 'lists of records with the labels of SenML, in CBOR') ??
    tried(messages, { type: 'cbor' }, certainty, why, isStructured) ??
    tried(
      messages,
      { type: 'msgpack' },
      'likely',
      'the payloads are maps of MessagePack, to their last byte',
      isStructured,
    )
  );
}

/** Blanks and line ends of text, and the escape that gives lines of a log their colour. */
const TEXT_CONTROLS = new Set([0x09, 0x0a, 0x0d, 0x1b]);

function isPrintable(payload: Buffer): boolean {
  return payload.every((byte) => byte >= 0x20 || TEXT_CONTROLS.has(byte));
}

function isStructured(value: JsonValue): boolean {
  if (isJsonObject(value)) return Object.keys(value).length > 0;
  return Array.isArray(value) && value.length > 0 && value.every(isJsonObject);
}

function lines(messages: readonly SampleMessage[]): DetectedFormat | undefined {
  const hasPoints = (value: JsonValue) => Array.isArray(value) && value.length > 0;
  const found = tried(
    messages,
    { type: 'line-protocol' },
    'likely',
    'measurement, fields and time of line protocol',
    hasPoints,
  );
  if (found !== undefined) {
    const precision = linePrecision(messages);
    return precision === 'ns'
      ? found
      : tried(messages, { type: 'line-protocol', precision }, 'likely', found.why);
  }
  const csv = csvOptionsOf(messages);
  return csv === undefined ? undefined : tried(messages, csv.options, csv.certainty, csv.why);
}

function text(messages: readonly SampleMessage[]): DetectedFormat | undefined {
  if (!messages.some(({ payload }) => isUtf8(payload) && isPrintable(payload))) return undefined;
  return tried(messages, { type: 'text' }, 'likely', 'the payloads are single values');
}
