import { decodeUtf8 } from '../decode-utf8.js';
import type { JsonLimits } from '../json/json-value.js';
import { type Decoded, type PayloadFormat, rejected } from '../payload-format.js';
import { LineReader } from './line-reader.js';

/** Units of the timestamps of line protocol. */
export const PRECISIONS = ['ns', 'us', 'ms', 's'] as const;
export type Precision = (typeof PRECISIONS)[number];

const NS_PER_UNIT: Readonly<Record<Precision, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
};

/** A list of points within their tags and fields within. */
const DEPTH = 3;

/**
 * The line protocol of InfluxDB: a list of `{ measurement, tags, fields, time }`. Integers are declared as such, tags are
 * texts, the time is in ns and absent where the line has none.
 */
export function lineProtocolFormat(precision: Precision): PayloadFormat {
  return {
    name: 'line-protocol',
    decode: (payload, { limits }) => decodeLines(payload, precision, limits),
  };
}

function decodeLines(payload: Buffer, precision: Precision, limits: JsonLimits): Decoded {
  const decoded = decodeUtf8(payload, limits.maxPayloadBytes);
  if (!decoded.ok) return decoded;
  if (limits.maxDepth < DEPTH) {
    return rejected('payload-too-deep', `points are nested more than ${limits.maxDepth} levels deep`);
  }
  const reader = new LineReader(decoded.text, NS_PER_UNIT[precision], limits);
  const points = reader.read();
  return points === undefined ? reader.rejection : { ok: true, value: points, holdsExact: reader.holdsExact };
}
