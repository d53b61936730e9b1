import { isUtf8 } from 'node:buffer';
import { notUtf8 } from '../decode-utf8.js';
import type { Decoded, PayloadFormat } from '../payload-format.js';
import { decodeJson, readJson } from './decode-json.js';
import type { JsonLimits } from './json-value.js';
import { readNested } from './nested-json.js';
import { windows1252Text } from './windows-1252.js';

/**
 * What may be tolerated in JSON:
 *
 *   bom      a byte order mark before it
 *   nul      NUL bytes behind it, alone or among blanks: the rest of a buffer in C
 *   nan      a bare NaN, nan, Infinity or -inf, as printf and Python write them: no value (null)
 *   latin1   bytes that are not UTF-8, read as Windows-1252, which has all printable characters of Latin-1
 *   nested   a text that is a JSON object or array, as the payload or as a value in it: once, and not deeper
 */
export const LENIENCIES = ['bom', 'nul', 'nan', 'latin1', 'nested'] as const;
export type Leniency = (typeof LENIENCIES)[number];

/** JSON in which the given faults are repaired. What is strict JSON is read as ever. */
export function lenientJson(leniencies: readonly Leniency[]): PayloadFormat {
  const allowed = new Set(leniencies);
  return {
    name: 'json (lenient)',
    decode: (payload, { limits }) => decodeLenient(payload, limits, allowed),
  };
}

function decodeLenient(payload: Buffer, limits: JsonLimits, allowed: ReadonlySet<Leniency>): Decoded {
  const strict = decodeJson(payload, limits);
  const repaired: Leniency[] = [];
  const decoded =
    strict.ok || strict.code === 'payload-too-large' ? strict : repair(payload, limits, allowed, repaired);
  if (!decoded.ok) return decoded;
  const nested = allowed.has('nested')
    ? readNested(decoded.value, limits, (text, innerLimits) => {
        const inner = readJson(text, innerLimits, allowed.has('nan'));
        if (inner.ok && inner.notFinite > 0) repaired.push('nan');
        return inner;
      })
    : undefined;
  if (nested !== undefined) repaired.push('nested');
  if (repaired.length === 0) return decoded;
  return {
    ok: true,
    value: nested?.value ?? decoded.value,
    holdsExact: decoded.holdsExact || nested?.holdsExact === true,
    repaired: [...new Set(repaired)],
  };
}

/** Reads what is no strict JSON; the faults that were there go into `repaired`. */
function repair(
  payload: Buffer,
  limits: JsonLimits,
  allowed: ReadonlySet<Leniency>,
  repaired: Leniency[],
): Decoded {
  let bytes = payload;
  if (allowed.has('bom') && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    bytes = bytes.subarray(3);
    repaired.push('bom');
  }
  const end = allowed.has('nul') ? endBeforeNul(bytes) : bytes.length;
  if (end < bytes.length) {
    bytes = bytes.subarray(0, end);
    repaired.push('nul');
  }
  const isText = isUtf8(bytes);
  if (!isText && !allowed.has('latin1')) return notUtf8(payload);
  if (!isText) repaired.push('latin1');
  const text = isText ? bytes.toString('utf8') : windows1252Text(bytes);
  const read = readJson(text, limits, allowed.has('nan'));
  if (read.ok && read.notFinite > 0) repaired.push('nan');
  return read;
}

/** Where NUL bytes begin behind which there is nothing but them and blanks; the length when there are none. */
function endBeforeNul(bytes: Buffer): number {
  let end = bytes.length;
  let at = end;
  while (at > 0) {
    const byte = bytes[at - 1] as number;
    if (byte === 0) end = at - 1;
    else if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at--;
  }
  return end;
}
