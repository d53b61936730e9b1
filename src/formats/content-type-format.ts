import { BoundedCache } from '../lib/bounded-cache.js';
import { FormatCache } from './create-format.js';
import type { FormatOptions } from './format-options.js';
import type { PayloadFormat } from './payload-format.js';

const MEDIA_TYPES: Readonly<Record<string, FormatOptions>> = {
  'application/json': { type: 'json' },
  'text/json': { type: 'json' },
  'text/plain': { type: 'text' },
  'text/csv': { type: 'csv' },
  'application/cbor': { type: 'cbor' },
  // Registered is the last one; the others are older and still in use.
  'application/msgpack': { type: 'msgpack' },
  'application/x-msgpack': { type: 'msgpack' },
  'application/vnd.msgpack': { type: 'msgpack' },
  'application/senml+json': { type: 'senml', encoding: 'json' },
  'application/senml+cbor': { type: 'senml', encoding: 'cbor' },
};
/** The structured syntax suffixes (RFC 6839, RFC 8949): what has one can be decoded without knowing the type itself. */
const SUFFIXES: Readonly<Record<string, FormatOptions>> = {
  json: { type: 'json' },
  cbor: { type: 'cbor' },
};

/** Content types are the publisher's text: longer ones are none of ours. */
const MAX_CHARACTERS = 200;
const MAX_CACHED = 1_000;

/** The format that a content type names. */
export interface ContentTypeFormat {
  readonly name: string;
  /** Undefined for JSON as it is decoded when nobody names a format. */
  readonly format: PayloadFormat | undefined;
}

const formats = new FormatCache();
const known = new BoundedCache<ContentTypeFormat | 'none'>(MAX_CACHED);

/**
 * The format that a publisher names with the content type of a message (MQTT 5); undefined for a type that names none.
 * Parameters and case do not matter.
 */
export function contentTypeFormat(contentType: string): ContentTypeFormat | undefined {
  if (contentType.length > MAX_CHARACTERS) return undefined;
  let found = known.get(contentType);
  if (found === undefined) {
    found = find(contentType);
    known.set(contentType, found);
  }
  return found === 'none' ? undefined : found;
}

function find(contentType: string): ContentTypeFormat | 'none' {
  const [type = ''] = contentType.toLowerCase().split(';', 1);
  const name = type.trim();
  const [, suffix = ''] = /^[^/]+\/[^/]*\+([^/+]+)$/.exec(name) ?? [];
  const options =
    (Object.hasOwn(MEDIA_TYPES, name) ? MEDIA_TYPES[name] : undefined) ??
    (Object.hasOwn(SUFFIXES, suffix) ? SUFFIXES[suffix] : undefined);
  if (options === undefined) return 'none';
  return { name: options.type, format: options.type === 'json' ? undefined : formats.get(options) };
}
