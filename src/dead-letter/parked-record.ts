import type { MessageProperties } from '../lib/message-properties.js';
import { propertiesJson, propertiesOfJson } from '../lib/properties-json.js';
import { isKeptWhole } from '../lib/refused-publish.js';
import type { StreamRecord } from '../stream/stream.js';
import { checkedLine, LINE_BEGIN, objectOfLine } from './checked-line.js';
import type { ParkCode } from './park-codes.js';

/** A point of the record that the store rejected when others were written. */
export interface ParkedPoint {
  /** Its index among the points of the record. */
  readonly index: number;
  readonly code: ParkCode;
  readonly reason: string;
}

/** A record that is acknowledged and kept, but not (or not wholly) in the store, and why. */
export interface ParkedRecord {
  /** The record's receive time in ns: its identity. */
  readonly id: string;
  readonly parkedAtMs: number;
  readonly receivedAtNs: bigint;
  readonly topic: string;
  readonly clientId: string;
  /** The user that the publisher had signed in as; absent without access rules, and in files of before them. */
  readonly user?: string;
  readonly qos: 0 | 1 | 2;
  /** Empty, or its beginning, when it was not kept. */
  readonly payload: Buffer;
  /** What the publisher said of the message (MQTT 5); absent without, and in files of before it. */
  readonly properties?: MessageProperties | undefined;
  /**
   * How many bytes the payload had, when it was not kept, or only its beginning was, or only the beginning of the topic;
   * absent when all of the record was kept. Without it the record cannot be replayed.
   */
  readonly bytesNotKept?: number;
  readonly code: ParkCode;
  /** For a person; may quote the store. */
  readonly reason: string;
  /** The rule that took the record, if one did. */
  readonly rule?: string;
  /** Absent when no point of the record is in the store. */
  readonly refusedPoints?: readonly ParkedPoint[];
}

export function parkedRecord(
  record: StreamRecord,
  why: Pick<ParkedRecord, 'code' | 'reason' | 'rule' | 'refusedPoints'>,
  parkedAtMs: number,
): ParkedRecord {
  const { refused } = record;
  const isWhole = refused === undefined || isKeptWhole(record, refused);
  return {
    id: String(record.receivedAtNs),
    parkedAtMs,
    receivedAtNs: record.receivedAtNs,
    topic: record.topic,
    clientId: record.clientId,
    user: record.user || undefined,
    qos: record.qos,
    payload: record.payload,
    properties: record.properties,
    ...(isWhole ? {} : { bytesNotKept: refused.payloadBytes }),
    ...why,
  };
}

/** The first key of a line of version 0.1. */
const FIRST_KEY = 'id';

/**
 * One line of a parked file: JSON for `grep` and `jq`. The payload is text while that is not longer than base64, so that
 * it takes at most 4/3 of its bytes: escaped in JSON, a byte of text can take six.
 */
export function parkedLine(parked: ParkedRecord): string {
  const json = parkedJson(parked);
  if (
    typeof json.payloadStart === 'string' &&
    jsonBytes(json.payloadStart) > base64Bytes(parked.payload.length)
  ) {
    const { payloadStart: _text, refusedPoints, ...rest } = json;
    return checkedLine({ ...rest, payloadStartBase64: parked.payload.toString('base64'), refusedPoints });
  }
  if (typeof json.payload === 'string' && jsonBytes(json.payload) > base64Bytes(parked.payload.length)) {
    const { payload: _text, refusedPoints, ...rest } = json;
    return checkedLine({ ...rest, payloadBase64: parked.payload.toString('base64'), refusedPoints });
  }
  return checkedLine(json);
}

/** The object behind that line, also for `--json`: there the payload is text whenever it is. */
export function parkedJson(parked: ParkedRecord): Record<string, unknown> {
  return {
    id: parked.id,
    parkedAt: new Date(parked.parkedAtMs).toISOString(),
    code: parked.code,
    reason: parked.reason,
    rule: parked.rule,
    topic: parked.topic,
    // In front of the client id: older versions look directly behind that for whether the payload is kept.
    user: parked.user,
    clientId: parked.clientId,
    qos: parked.qos,
    ...payloadJson(parked),
    // Behind whether the payload is kept, and with no key that a device can choose: the line is searched for its keys.
    properties: parked.properties && propertiesJson(parked.properties),
    refusedPoints: parked.refusedPoints,
  };
}

function payloadJson({ payload, bytesNotKept }: ParkedRecord): Record<string, unknown> {
  const text = payload.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(payload);
  if (bytesNotKept === undefined) {
    return isText ? { payload: text } : { payloadBase64: payload.toString('base64') };
  }
  // A key of its own: a program that looks for `payload` must not take the beginning for all of it.
  const start = isText ? { payloadStart: text } : { payloadStartBase64: payload.toString('base64') };
  return { payloadKept: false, payloadBytes: bytesNotKept, ...(payload.length > 0 && start) };
}

/** The length of a text in JSON without its quotes. */
function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

function base64Bytes(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

const MAX_IDENTITY_CHARACTERS = 256;

/** The record without payload and properties: identity, reason and size, with a bound on each. */
export function withoutPayload(parked: ParkedRecord): ParkedRecord {
  const { refusedPoints: _points, properties: _properties, rule, ...rest } = parked;
  return {
    ...rest,
    topic: cut(parked.topic),
    clientId: cut(parked.clientId),
    user: parked.user && cut(parked.user),
    reason: cut(parked.reason),
    ...(rule === undefined ? {} : { rule }),
    payload: Buffer.alloc(0),
    bytesNotKept: parked.bytesNotKept ?? parked.payload.length,
  };
}

function cut(text: string): string {
  return text.length <= MAX_IDENTITY_CHARACTERS ? text : `${text.slice(0, MAX_IDENTITY_CHARACTERS)}…`;
}

/** Reads a line back; `undefined` when it cannot be read, such as a torn tail or a line whose checksum does not match. */
export function parseParkedLine(line: Buffer): ParkedRecord | undefined {
  const json = objectOfLine(line, FIRST_KEY);
  if (json === undefined) return undefined;
  const { id, parkedAt, code, reason, topic, clientId, user, qos } = json;
  // A line of version 0.1 has no checksum: whatever its keys and texts have become is damage, and not another record.
  if (typeof id !== 'string' || !/^\d+$/.test(id) || typeof code !== 'string') return undefined;
  if (typeof topic !== 'string' || typeof clientId !== 'string' || typeof reason !== 'string')
    return undefined;
  const parkedAtMs = Date.parse(String(parkedAt));
  const payload = payloadOf(json);
  if (payload === undefined || Number.isNaN(parkedAtMs) || (qos !== 0 && qos !== 1 && qos !== 2))
    return undefined;
  return {
    id,
    parkedAtMs,
    receivedAtNs: BigInt(id),
    topic,
    clientId,
    user: typeof user === 'string' && user !== '' ? user : undefined,
    qos,
    ...payload,
    properties: propertiesOf(json.properties),
    code: code as ParkCode,
    reason,
    rule: typeof json.rule === 'string' ? json.rule : undefined,
    refusedPoints: Array.isArray(json.refusedPoints) ? (json.refusedPoints as ParkedPoint[]) : undefined,
  };
}

/** What cannot be read is omitted: the record itself is good. */
function propertiesOf(json: unknown): MessageProperties | undefined {
  const properties = json === undefined ? undefined : propertiesOfJson(json);
  return typeof properties === 'string' ? undefined : properties;
}

function payloadOf(
  json: Readonly<Record<string, unknown>>,
): Pick<ParkedRecord, 'payload' | 'bytesNotKept'> | undefined {
  const { payload, payloadBase64, payloadKept, payloadBytes } = json;
  if (typeof payloadBase64 === 'string') return { payload: Buffer.from(payloadBase64, 'base64') };
  if (typeof payload === 'string') return { payload: Buffer.from(payload, 'utf8') };
  if (payloadKept !== false || typeof payloadBytes !== 'number') return undefined;
  return { payload: startOf(json), bytesNotKept: payloadBytes };
}

function startOf({ payloadStart, payloadStartBase64 }: Readonly<Record<string, unknown>>): Buffer {
  if (typeof payloadStartBase64 === 'string') return Buffer.from(payloadStartBase64, 'base64');
  return Buffer.from(typeof payloadStart === 'string' ? payloadStart : '', 'utf8');
}

/** What is written last into a parked file, before a newer one is begun. A file without it was cut. */
export function sealLine(): string {
  return checkedLine({ sealed: true });
}

const SEAL = Buffer.from(sealLine().trimEnd());

/** Whether the line ends with a seal, as it does when the line feed before the seal is damaged. */
export function endsWithSeal(bytes: Buffer): boolean {
  return bytes.length >= SEAL.length && isSeal(bytes.subarray(bytes.length - SEAL.length));
}

/** Whether the line says that its file ended there. */
export function isSeal(bytes: Buffer): boolean {
  return bytes.equals(SEAL);
}

/** One line of a parked file. `at` is its byte offset there: it identifies the line even if two have the same id. */
export interface ParkedLine {
  readonly at: number;
  readonly bytes: Buffer;
}

export const LINE_FEED = 10;

/** The whole lines of a file, first to last, each a view of `file` without its line feed. A torn tail is omitted. */
export function* wholeLines(file: Buffer): Generator<ParkedLine> {
  let at = 0;
  for (let end = file.indexOf(LINE_FEED); end >= 0; end = file.indexOf(LINE_FEED, at)) {
    yield { at, bytes: file.subarray(at, end) };
    at = end + 1;
  }
}

/**
 * The parts of a line that cannot be read: after damage to a line feed the next record is in the same line, and is good.
 * A line without a second beginning is its only part. `firstKey` is the first key in lines of version 0.1.
 */
export function partsOfLine({ at, bytes }: ParkedLine, firstKey = FIRST_KEY): ParkedLine[] {
  const begins = [LINE_BEGIN, Buffer.from(`{"${firstKey}":`)];
  const nextBegin = (from: number) =>
    Math.min(...begins.map((begin) => bytes.indexOf(begin, from)).map((i) => (i < 0 ? bytes.length : i)));
  const parts: ParkedLine[] = [];
  let start = 0;
  for (let next = nextBegin(1); next < bytes.length; next = nextBegin(next + 1)) {
    parts.push({ at: at + start, bytes: lineOf(bytes.subarray(start, next)) });
    start = next;
  }
  parts.push({ at: at + start, bytes: bytes.subarray(start) });
  return parts;
}

/** Without the byte that was its line feed. */
function lineOf(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.max(0, bytes.length - 1));
}

/** The bytes up to the last line feed, with it: what follows was never written to its end. */
export function wholeBytes(file: Buffer): number {
  return file.lastIndexOf(LINE_FEED) + 1;
}
