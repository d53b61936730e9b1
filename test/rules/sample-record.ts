import { decodeJson } from '../../src/formats/json/decode-json.js';
import { DEFAULT_JSON_LIMITS, isJsonObject, type JsonValue } from '../../src/formats/json/json-value.js';
import type { Reading } from '../../src/rules/mapped.js';
import type { StreamRecord } from '../../src/stream/stream.js';

/** 2024-11-21T02:23:06Z, the time of the sample payloads. */
export const RECEIVED_AT_NS = 1_732_155_786_000_000_000n;

export function sampleRecord(payload: string | Buffer, overrides: Partial<StreamRecord> = {}): StreamRecord {
  return {
    receivedAtNs: RECEIVED_AT_NS,
    topic: 'sensors/Mumbai/CITIMUM/telemetry',
    clientId: 'client-1',
    qos: 1,
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
    ...overrides,
  };
}

export function sampleReading(payload: string, overrides: Partial<Reading> = {}): Reading {
  const decoded = decodeJson(Buffer.from(payload), { ...DEFAULT_JSON_LIMITS, maxPayloadBytes: 1_000_000 });
  if (!decoded.ok || !isJsonObject(decoded.value)) throw new Error(`not a JSON object: ${payload}`);
  return {
    record: sampleRecord(payload),
    payload: decoded.value,
    members: decoded.value,
    holdsExact: decoded.holdsExact,
    captures: { city: 'Mumbai', device: 'CITIMUM' },
    device: 'CITIMUM',
    ...overrides,
  };
}

/** Reads a member of the payload, without the rules. */
export function memberOfPayload(name: string): (reading: Reading) => JsonValue | undefined {
  return ({ payload }) => (isJsonObject(payload) ? payload[name] : undefined);
}
