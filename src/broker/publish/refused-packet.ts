import { isUtf8 } from 'node:buffer';
import { MAX_TOPIC_BYTES } from '../../lib/mqtt-names.js';
import { type RefusedPublishReason, utf8Start } from '../../lib/refused-publish.js';
import type { AcceptedPacket } from '../intake.js';

/** What is kept of the payload of a packet that was not accepted, unless it can be replayed: then all of it. */
export const KEPT_PAYLOAD_BYTES = 1024;

/** A character of UTF-8 has up to three more bytes behind its first. */
const MAX_CONTINUATION_BYTES = 3;

export interface RefusedFacts
  extends Pick<AcceptedPacket, 'clientId' | 'user' | 'topic' | 'qos' | 'properties'> {
  /** The length of the payload as it is sent. */
  readonly payloadBytes: number;
  /** The payload, or its first KEPT_PAYLOAD_BYTES where the rest is read past. */
  readonly payload: Buffer;
  readonly reason: RefusedPublishReason;
  /** What is wrong, with the limit. */
  readonly detail: string;
}

/**
 * What the intake gets of a PUBLISH that is acknowledged and parked. Of a topic that is only not configured yet everything is
 * kept, so that a replay can bring it back once a rule names it; of everything else the beginning.
 */
export function refusedPacket(facts: RefusedFacts): AcceptedPacket {
  const { clientId, user, qos, payload, payloadBytes, properties, reason, detail } = facts;
  const sent = Buffer.from(facts.topic, 'utf8');
  const isTopicWhole = sent.length <= MAX_TOPIC_BYTES;
  const isKept = reason === 'topic-not-accepted' && isTopicWhole && payload.length === payloadBytes;
  return {
    clientId,
    user,
    topic: isTopicWhole ? facts.topic : utf8Start(sent, MAX_TOPIC_BYTES).toString('utf8'),
    qos,
    payload: isKept ? payload : startOf(payload),
    ...(isKept && properties !== undefined ? { properties } : {}),
    refused: { reason, detail, topicBytes: sent.length, payloadBytes },
  };
}

/** Of a text it ends at a character, so that it is shown as text. */
function startOf(payload: Buffer): Buffer {
  const start = payload.subarray(0, KEPT_PAYLOAD_BYTES);
  for (let cut = 0; cut <= MAX_CONTINUATION_BYTES; cut += 1) {
    const text = start.subarray(0, Math.max(0, start.length - cut));
    if (isUtf8(text)) return text;
  }
  return start;
}
