import type { StreamRecord } from '../stream/stream.js';
import type { ParkCode } from './park-codes.js';

/** A point of the record that the store refused, when others were written. */
export interface ParkedPoint {
  /** Place among the points of the record. */
  readonly index: number;
  readonly code: ParkCode;
  readonly reason: string;
}

/** One record that is acknowledged and kept, but not (or not wholly) in the store, and why. */
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
  /** For a person; may hold the store's words. */
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

/** One line of the dead-letter file: JSON that `grep` and `jq` can work on; the payload as text where it is text. */
export function parkedLine(parked: ParkedRecord): string {
  return `${JSON.stringify(parkedJson(parked))}\n`;
}

/** The same as an object, for `--json`. */
export function parkedJson(parked: ParkedRecord): Record<string, unknown> {
  const text = parked.payload.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(parked.payload);
  return {
    id: parked.id,
    parkedAt: new Date(parked.parkedAtMs).toISOString(),
    code: parked.code,
    reason: parked.reason,
    ...(parked.rule === undefined ? {} : { rule: parked.rule }),
    topic: parked.topic,
    clientId: parked.clientId,
    qos: parked.qos,
    ...(isText ? { payload: text } : { payloadBase64: parked.payload.toString('base64') }),
    ...(parked.refusedPoints === undefined ? {} : { refusedPoints: parked.refusedPoints }),
  };
}

/** Reads a line back; `undefined` when it is not one (a torn tail). */
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
    ...(typeof json.rule === 'string' ? { rule: json.rule } : {}),
    ...(Array.isArray(json.refusedPoints) ? { refusedPoints: json.refusedPoints as ParkedPoint[] } : {}),
  };
}
