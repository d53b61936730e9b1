import type { PayloadFormat } from '../payload-format.js';
import { type Compression, inflate } from './inflate.js';

/** A format whose payloads are compressed, once. */
export function compressedFormat(
  inner: PayloadFormat,
  compression: Exclude<Compression, 'none'>,
): PayloadFormat {
  return {
    name: `${inner.name}, ${compression}`,
    decode(payload, context) {
      const inflated = inflate(payload, compression, context.limits.maxPayloadBytes);
      return inflated.ok ? inner.decode(inflated.bytes, context) : inflated;
    },
  };
}
