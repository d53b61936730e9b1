import { isUtf8 } from 'node:buffer';

/**
 * The text in `bytes` from `start` to `end`, or undefined when it is not valid UTF-8 [MQTT-1.5.3-1] or contains U+0000
 * [MQTT-1.5.3-2]. A byte order mark is kept, it is a character like any other [MQTT-1.5.3-3].
 */
export function decodeText(bytes: Buffer, start: number, end: number): string | undefined {
  let all = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 0) return undefined;
    all |= byte;
  }
  if (all < 0x80) return bytes.toString('latin1', start, end);
  // Checked first: toString would put U+FFFD in place of what is not UTF-8, and a client may send a U+FFFD itself.
  return isUtf8(bytes.subarray(start, end)) ? bytes.toString('utf8', start, end) : undefined;
}
