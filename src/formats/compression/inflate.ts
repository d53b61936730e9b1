import { gunzipSync, type InputType, inflateRawSync, inflateSync, type ZlibOptions } from 'node:zlib';
import { tooLarge } from '../decode-utf8.js';
import { type Rejected, rejected } from '../payload-format.js';
import { inflateZstd } from './zstd.js';

/** How a payload may be compressed; `deflate` is raw DEFLATE, without the header and checksum of zlib. */
export const COMPRESSIONS = ['none', 'gzip', 'zlib', 'deflate', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export type Inflated = { readonly ok: true; readonly bytes: Buffer } | Rejected;

/**
 * Inflates a payload to at most `maxBytes`, and never more than a chunk beyond. What ends too early and what has bytes behind the
 * end is refused: part of a payload could still be good JSON.
 */
export function inflate(
  payload: Buffer,
  compression: Exclude<Compression, 'none'>,
  maxBytes: number,
): Inflated {
  if (payload.length > maxBytes) return tooLarge(payload.length, maxBytes);
  const inflated =
    compression === 'zstd' ? inflateZstd(payload, maxBytes) : inflateDeflate(payload, compression, maxBytes);
  if (inflated.ok && inflated.bytes.length === 0) {
    return rejected('payload-empty', 'the payload is empty when it is inflated');
  }
  return inflated;
}

type InflateSync = (payload: InputType, options: ZlibOptions) => unknown;

/** With `info` the functions also give what has read the payload, which the types do not know. */
interface InflatedInfo {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

const INFLATE: Readonly<Record<'gzip' | 'zlib' | 'deflate', InflateSync>> = {
  gzip: gunzipSync,
  zlib: inflateSync,
  deflate: inflateRawSync,
};

function inflateDeflate(payload: Buffer, compression: keyof typeof INFLATE, maxBytes: number): Inflated {
  let inflated: InflatedInfo;
  try {
    const options: ZlibOptions = { maxOutputLength: maxBytes, info: true };
    inflated = INFLATE[compression](payload, options) as InflatedInfo;
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') return inflatesTooMuch(maxBytes);
    return rejected('payload-not-decodable', `the payload is not ${compression}: ${message}`);
  }
  const rest = payload.length - inflated.engine.bytesWritten;
  if (rest === 0) return { ok: true, bytes: inflated.buffer };
  return rejected(
    'payload-not-decodable',
    `the payload has ${rest} bytes behind the end of the ${compression} data`,
  );
}

function inflatesTooMuch(maxBytes: number): Rejected {
  return rejected('payload-too-large', `the payload has more than ${maxBytes} bytes when it is inflated`);
}
