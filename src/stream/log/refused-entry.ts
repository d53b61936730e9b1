import { REFUSED_PUBLISH_REASONS, type RefusedPublish } from '../../lib/refused-publish.js';

/**
 * RefusedEntry is the content of an entry in the extension of a frame, little endian:
 *
 *   0   u32  bytes of the payload as it was sent
 *   4   u16  bytes of the topic as it was sent
 *   6   u8   bytes of the reason
 *   7   reason, detail
 */
const FIXED_BYTES = 7;
const MAX_DETAIL_CHARACTERS = 300;

/** Its bytes. A detail is cut at 300 characters. */
export function refusedEntry({ reason, detail, topicBytes, payloadBytes }: RefusedPublish): Buffer {
  const text = Buffer.from(reason + detail.slice(0, MAX_DETAIL_CHARACTERS), 'utf8');
  const entry = Buffer.allocUnsafe(FIXED_BYTES + text.length);
  entry.writeUInt32LE(payloadBytes, 0);
  entry.writeUInt16LE(topicBytes, 4);
  entry[6] = Buffer.byteLength(reason);
  entry.set(text, FIXED_BYTES);
  return entry;
}

/**
 * Reads it back. A reason that this version does not know is taken for the last one it knows: what was refused must not
 * reach a rule.
 */
export function readRefusedEntry(entry: Buffer): RefusedPublish {
  if (entry.length < FIXED_BYTES) {
    return { reason: 'topic-not-accepted', detail: '', topicBytes: 0, payloadBytes: 0 };
  }
  const detailAt = FIXED_BYTES + entry[6]!;
  const written = entry.toString('latin1', FIXED_BYTES, detailAt);
  const reason = REFUSED_PUBLISH_REASONS.find((known) => known === written);
  const detail = entry.toString('utf8', detailAt);
  return {
    reason: reason ?? 'topic-not-accepted',
    detail: reason === undefined ? `${written}: ${detail}` : detail,
    topicBytes: entry.readUInt16LE(4),
    payloadBytes: entry.readUInt32LE(0),
  };
}
