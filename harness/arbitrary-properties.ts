import fc from 'fast-check';
import type { MessageProperties } from '../src/lib/message-properties.js';
import type { UserProperty } from '../src/lib/mqtt-properties.js';

/** Texts that MQTT allows, also with characters of several bytes. */
export const mqttText = (minLength = 0): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', minLength, maxLength: 24 }).filter((text) => !text.includes('\0'));

export const mqttData: fc.Arbitrary<Buffer> = fc
  .uint8Array({ maxLength: 24 })
  .map((bytes) => Buffer.from(bytes));

export const uint16: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff });
export const uint32: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff_ffff });

/** A name may come several times. */
export const userProperties: fc.Arbitrary<readonly UserProperty[]> = fc.array(
  fc.tuple(fc.oneof(fc.constantFrom('a', 'b'), mqttText()), mqttText()),
  { minLength: 1, maxLength: 5 },
);

/** What a publisher may say of its message. */
export const messageProperties: fc.Arbitrary<MessageProperties> = fc.record(
  {
    isText: fc.boolean(),
    expirySeconds: uint32,
    contentType: mqttText(),
    responseTopic: mqttText(1).filter((topic) => !/[+#]/.test(topic)),
    correlationData: mqttData,
    userProperties,
  },
  { requiredKeys: [] },
);
