import type { StreamRecord } from '../stream/stream.js';
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
  readonly qos: 0 | 1 | 2;
  readonly payload: Buffer;
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
  return {
    id: String(record.receivedAtNs),
    parkedAtMs,
    receivedAtNs: record.receivedAtNs,
    topic: record.topic,
    clientId: record.clientId,
    qos: record.qos,
    payload: record.payload,
    ...why,
  };
}

/** One line of a parked file: JSON for `grep` and `jq`, with the payload as text if it is text. */
export function parkedLine(parked: ParkedRecord): string {
  return `${JSON.stringify(parkedJson(parked))}\n`;
}

/** The object behind that line, also for `--json`. */
export function parkedJson(parked: ParkedRecord): Record<string, unknown> {
  const text = parked.payload.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(parked.payload);
  return {
    id: parked.id,
    parkedAt: new Date(parked.parkedAtMs).toISOString(),
    code: parked.code,
    reason: parked.reason,
    rule: parked.rule,
    topic: parked.topic,
    clientId: parked.clientId,
    qos: parked.qos,
    ...(isText ? { payload: text } : { payloadBase64: parked.payload.toString('base64') }),
    refusedPoints: parked.refusedPoints,
  };
}

/** Reads a line back; `undefined` when it cannot be read, such as a torn tail. */
export function parseParkedLine(line: string): ParkedRecord | undefined {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  if (typeof json.id !== 'string' || !/^\d+$/.test(json.id) || typeof json.code !== 'string')
    return undefined;
  const payload =
    typeof json.payloadBase64 === 'string'
      ? Buffer.from(json.payloadBase64, 'base64')
      : Buffer.from(String(json.payload ?? ''), 'utf8');
  return {
    id: json.id,
    parkedAtMs: Date.parse(String(json.parkedAt)),
    receivedAtNs: BigInt(json.id),
    topic: String(json.topic),
    clientId: String(json.clientId),
    qos: Number(json.qos) as 0 | 1 | 2,
    payload,
    code: json.code as ParkCode,
    reason: String(json.reason),
    rule: typeof json.rule === 'string' ? json.rule : undefined,
    refusedPoints: Array.isArray(json.refusedPoints) ? (json.refusedPoints as ParkedPoint[]) : undefined,
  };
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

/** The bytes up to the last line feed, with it: what follows was never written to its end. */
export function wholeBytes(file: Buffer): number {
  return file.lastIndexOf(LINE_FEED) + 1;
}
