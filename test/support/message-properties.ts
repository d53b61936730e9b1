import fc from 'fast-check';
import type { MessageProperties } from '../../src/lib/message-properties.js';

/** A text as MQTT allows it: without NUL. */
const text = (maxLength: number) =>
  fc.string({ unit: 'grapheme', maxLength }).map((any) => any.replaceAll('\0', ''));

/** Message properties as a publisher may send them; at least one. */
export const anyProperties: fc.Arbitrary<MessageProperties> = fc
  .record(
    {
      isText: fc.boolean(),
      expirySeconds: fc.integer({ min: 0, max: 0xffff_ffff }),
      contentType: text(40),
      responseTopic: text(40).map((any) => any.replaceAll(/[+#]/g, '')),
      correlationData: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      userProperties: fc.array(fc.tuple(text(20), text(20)), { minLength: 1, maxLength: 4 }),
    },
    { requiredKeys: [] },
  )
  .filter((properties) => Object.keys(properties).length > 0);
