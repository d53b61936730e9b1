import { quoted } from './printable.js';

/** Why the broker has acknowledged a PUBLISH and kept only what names it. The codes are also those of the parked record. */
export const REFUSED_PUBLISH_REASONS = ['packet-too-large', 'topic-not-accepted'] as const;
export type RefusedPublishReason = (typeof REFUSED_PUBLISH_REASONS)[number];

/** What was wrong with a PUBLISH that is acknowledged and parked, before any rule has seen it. */
export interface RefusedPublish {
  readonly reason: RefusedPublishReason;
  /** What is wrong, with the limit; without topic and client, which the record has. */
  readonly detail: string;
  /** The length of the topic as it was sent: of a longer one the record has only the beginning. */
  readonly topicBytes: number;
  /** The length of the payload as it was sent: of a longer one the record has only the beginning. */
  readonly payloadBytes: number;
}

interface RefusedRecord {
  readonly topic: string;
  readonly clientId: string;
  readonly payload: { readonly length: number };
}

/** Whether topic and payload are as they were sent, so that the rules can decide on the record later. */
export function isKeptWhole({ topic, payload }: RefusedRecord, refused: RefusedPublish): boolean {
  return payload.length === refused.payloadBytes && Buffer.byteLength(topic) === refused.topicBytes;
}

/** One line for a person: topic, size, client, what is wrong and what is kept. */
export function refusedText(record: RefusedRecord, refused: RefusedPublish): string {
  const { topic, clientId, payload } = record;
  const { detail, topicBytes, payloadBytes } = refused;
  const kept = [
    ...(Buffer.byteLength(topic) === topicBytes ? [] : [`of the topic ${Buffer.byteLength(topic)} bytes`]),
    ...(payload.length === payloadBytes ? [] : [`of the payload the first ${payload.length} bytes`]),
  ];
  const what = `${detail}: topic ${quoted(topic)}, payload of ${payloadBytes} bytes, client ${quoted(clientId)}`;
  return kept.length === 0 ? what : `${what}; only ${kept.join(' and ')} are kept`;
}

const NOT_IN_UTF8_START = 0x80;

/** The longest beginning of UTF-8 in at most `maxBytes` that ends at a character. */
export function utf8Start(text: Buffer, maxBytes: number): Buffer {
  if (text.length <= maxBytes) return text;
  let end = maxBytes;
  while (end > 0 && (text[end]! & 0xc0) === NOT_IN_UTF8_START) end -= 1;
  return text.subarray(0, end);
}
