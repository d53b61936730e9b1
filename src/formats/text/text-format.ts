import { decodeUtf8 } from '../decode-utf8.js';
import { ExactNumber } from '../json/json-value.js';
import type { PayloadFormat } from '../payload-format.js';
import { plainValue } from '../plain-value.js';

/** A payload that is one value, as ESPHome and many other devices send it: `21.5`, `ON`, `online`. Blanks around it are removed. */
export const textFormat: PayloadFormat = {
  name: 'text',
  decode(payload, { limits }) {
    const decoded = decodeUtf8(payload, limits.maxPayloadBytes);
    if (!decoded.ok) return decoded;
    const value = plainValue(decoded.text.trim());
    return { ok: true, value, holdsExact: value instanceof ExactNumber };
  },
};
