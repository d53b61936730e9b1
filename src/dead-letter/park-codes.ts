import { REJECTION_CODES } from '../sink/sink.js';
import { STREAM_REJECTION_CODES } from '../stream/stream.js';

/** Why a record or point is parked: the closed list behind the ledger's reasons and the metric label. */
export const PARK_CODES = [
  'payload-empty',
  'payload-too-large',
  'payload-not-utf8',
  'payload-not-json',
  'payload-too-deep',
  'payload-too-many-keys',
  'payload-duplicate-key',
  'payload-forbidden-key',
  'payload-number-out-of-range',
  'payload-lone-surrogate',
  'payload-not-object',
  'rule-none',
  'rule-where-failed',
  'no-fields',
  'field-name-invalid',
  'field-collision',
  'field-wrong-type',
  'field-out-of-range',
  'tag-invalid',
  'time-unreadable',
  'time-outside-window',
  'mapping-failed',
  ...REJECTION_CODES,
  ...STREAM_REJECTION_CODES,
] as const;
export type ParkCode = (typeof PARK_CODES)[number];
