import { REFUSED_PUBLISH_REASONS } from '../lib/refused-publish.js';
import { REJECTION_CODES } from '../sink/sink.js';
import { STREAM_REJECTION_CODES } from '../stream/stream.js';

/** Why a record or point is parked: the closed list behind the ledger's reasons and the metric label. */
export const PARK_CODES = [
  ...REFUSED_PUBLISH_REASONS,
  'payload-empty',
  'payload-too-large',
  'payload-not-utf8',
  'payload-not-json',
  'payload-not-decodable',
  'decoder-failed',
  'payload-too-deep',
  'payload-too-many-keys',
  'payload-duplicate-key',
  'payload-forbidden-key',
  'payload-number-out-of-range',
  'payload-lone-surrogate',
  'payload-not-object',
  'sparkplug-no-birth',
  'rule-none',
  'rule-where-failed',
  'rule-check-failed',
  'rule-value-failed',
  'too-many-elements',
  'too-many-names',
  'too-many-series',
  'too-many-fields',
  'measurement-name-invalid',
  'rule-over-budget',
  'no-fields',
  'field-name-invalid',
  'field-collision',
  'field-wrong-type',
  'field-out-of-range',
  'field-required',
  'tag-invalid',
  'tag-required',
  'time-unreadable',
  'time-outside-window',
  'mapping-failed',
  ...REJECTION_CODES,
  ...STREAM_REJECTION_CODES,
] as const;
export type ParkCode = (typeof PARK_CODES)[number];

/**
 * Who causes that a record is parked. `device`: format, rule, time or size of what was sent, so that a device can cause
 * any number of them. The others mean that a good record met a store, a stream or a bug that refuses it now and may not
 * later: its payload is never given up.
 */
export type ParkCause = 'device' | 'store' | 'stream' | 'gateway';

/** The cause behind each code: the one place that decides what `consumer.deadLetter.whenFull` applies to. */
const PARK_CAUSES: Readonly<Record<ParkCode, ParkCause>> = {
  'packet-too-large': 'device',
  'topic-not-accepted': 'device',
  'payload-empty': 'device',
  'payload-too-large': 'device',
  'payload-not-utf8': 'device',
  'payload-not-json': 'device',
  'payload-not-decodable': 'device',
  'decoder-failed': 'device',
  'payload-too-deep': 'device',
  'payload-too-many-keys': 'device',
  'payload-duplicate-key': 'device',
  'payload-forbidden-key': 'device',
  'payload-number-out-of-range': 'device',
  'payload-lone-surrogate': 'device',
  'payload-not-object': 'device',
  'sparkplug-no-birth': 'device',
  'rule-none': 'device',
  'rule-where-failed': 'device',
  'rule-check-failed': 'device',
  'rule-value-failed': 'device',
  'too-many-elements': 'device',
  'too-many-names': 'device',
  'too-many-series': 'device',
  'too-many-fields': 'device',
  'measurement-name-invalid': 'device',
  'rule-over-budget': 'device',
  'no-fields': 'device',
  'field-name-invalid': 'device',
  'field-collision': 'device',
  'field-wrong-type': 'device',
  'field-out-of-range': 'device',
  'field-required': 'device',
  'tag-invalid': 'device',
  'tag-required': 'device',
  'time-unreadable': 'device',
  'time-outside-window': 'device',
  'mapping-failed': 'gateway',
  'store-refused': 'store',
  'store-too-large': 'store',
  'not-expressible': 'store',
  'field-type-conflict': 'store',
  'stream-record-too-large': 'stream',
  'stream-refused': 'stream',
};

/** False for a code that this version does not know: its record is kept. */
export function isCausedByDevice(code: string): boolean {
  return Object.hasOwn(PARK_CAUSES, code) && PARK_CAUSES[code as ParkCode] === 'device';
}
