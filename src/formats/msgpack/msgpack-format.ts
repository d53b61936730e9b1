import { Decoder, type ExtensionCodecType } from '@msgpack/msgpack';
import { errorText } from '../../lib/errors.js';
import { oneLine } from '../../lib/printable.js';
import { tooLarge } from '../decode-utf8.js';
import type { JsonLimits, JsonValue } from '../json/json-value.js';
import { isJsonObject } from '../json/json-value.js';
import { type Decoded, type PayloadFormat, rejected } from '../payload-format.js';
import { type ConvertOptions, toJsonValue } from '../to-json-value.js';
import { timestampText } from './msgpack-timestamp.js';
import { walkMsgpack } from './msgpack-walk.js';

const TIMESTAMP = -1;

/** A timestamp becomes text; the bytes of any other extension are what bytes are. */
const extensions: ExtensionCodecType<undefined> = {
  tryToEncode: () => null,
  decode: (data, type) => (type === TIMESTAMP ? timestampText(data) : data),
};

// One for the thread: decoding is synchronous and never re-entered. The walk has checked every length and key.
const decoder = new Decoder({
  extensionCodec: extensions,
  useBigInt64: true,
  keyDecoder: null,
  mapKeyConverter: (key) => (typeof key === 'number' ? key : String(key)),
});

/** Decodes one MessagePack item with what I-JSON rejects besides: see `toJsonValue`. */
export function decodeMsgpack(payload: Buffer, limits: JsonLimits, options?: ConvertOptions): Decoded {
  if (payload.length > limits.maxPayloadBytes) return tooLarge(payload.length, limits.maxPayloadBytes);
  const walk = walkMsgpack(payload, limits.maxDepth);
  if (!walk.ok) return walk;
  let value: unknown;
  try {
    value = decoder.decode(payload);
  } catch (error) {
    return rejected('payload-not-decodable', `the payload is not MessagePack: ${oneLine(errorText(error))}`);
  }
  const converted = toJsonValue(value, limits, options);
  // The library keeps the last of two equal keys.
  if (converted.ok && countKeys(converted.value) !== walk.keys) {
    return rejected('payload-duplicate-key', 'a key appears twice in one map');
  }
  return converted;
}

export function createMsgpackFormat(options: ConvertOptions): PayloadFormat {
  return { name: 'msgpack', decode: (payload, { limits }) => decodeMsgpack(payload, limits, options) };
}

function countKeys(value: JsonValue): number {
  const inside = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
  return inside.reduce<number>((keys, one) => keys + countKeys(one), isJsonObject(value) ? inside.length : 0);
}
