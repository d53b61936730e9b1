import { decodeCbor } from '../cbor/cbor-format.js';
import { decodeJson } from '../json/decode-json.js';
import { type Decoded, type PayloadFormat, rejected } from '../payload-format.js';
import { resolveSenml } from './resolve-senml.js';

/** How a SenML pack is written; `auto` decides by the first byte. */
export const SENML_ENCODINGS = ['auto', 'json', 'cbor'] as const;
export type SenmlEncoding = (typeof SENML_ENCODINGS)[number];

/** Blanks before `[`, which JSON allows. */
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Tag 55799: what follows is CBOR (RFC 8949, 3.4.6). */
const CBOR_TAG = [0xd9, 0xd9, 0xf7];

/** SenML (RFC 8428) in JSON or CBOR, as a list of resolved records. */
export function createSenmlFormat(encoding: SenmlEncoding): PayloadFormat {
  return {
    name: 'senml',
    decode(payload, { limits, receivedAtNs }): Decoded {
      const used = encoding === 'auto' ? encodingOf(payload) : encoding;
      if (used === undefined) {
        return rejected(
          'payload-not-decodable',
          'the payload is not SenML: neither a list in JSON nor one in CBOR begins it',
        );
      }
      const isCbor = used === 'cbor';
      const decoded = isCbor ? decodeCbor(payload, limits) : decodeJson(payload, limits);
      if (!decoded.ok) return decoded;
      return resolveSenml(decoded.value, {
        isCbor,
        receivedAtNs,
        maxNameUnits: 4 * limits.maxPayloadBytes,
      });
    },
  };
}

/** A list in CBOR begins with 80 to 9B, or 9F when its length is not known, behind the tag of CBOR if it has one; one in JSON with `[`. */
function encodingOf(payload: Buffer): 'json' | 'cbor' | undefined {
  const first = payload.find((byte) => !BLANKS.has(byte));
  if (first === 0x5b) return 'json';
  const begin = payload[isTagged(payload) ? CBOR_TAG.length : 0] ?? 0;
  return begin >= 0x80 && begin <= 0x9f ? 'cbor' : undefined;
}

function isTagged(payload: Buffer): boolean {
  return CBOR_TAG.every((byte, index) => payload[index] === byte);
}
