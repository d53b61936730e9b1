import { MAX_MESSAGE_PROPERTIES_BYTES } from '../../lib/message-properties.js';
import { isBridgeState } from '../../lib/mqtt-names.js';
import { publishTopicFault, tooLargeText } from '../../lib/publish-refusal.js';
import type { RefusedPublishReason } from '../../lib/refused-publish.js';

/** What is known of a PUBLISH before its payload. */
export interface PublishHead {
  /** Decoded strictly: bytes that are not UTF-8 are malformed before they come here [MQTT-1.5.3-1]. */
  readonly topic: string;
  /** The remaining length of its fixed header (MQTT 3.1.1 section 2.2.3). */
  readonly lengthBytes: number;
  /** The bytes of its properties; 0 before MQTT 5. */
  readonly propertiesBytes: number;
}

export type PublishVerdict =
  | { readonly kind: 'accepted' }
  /** A bridge says whether it is connected: retained, delivered and acknowledged, and not given to the intake. */
  | { readonly kind: 'bridge-state' }
  /** The connection ends at once, and nothing is stored. */
  | { readonly kind: 'malformed'; readonly detail: string }
  /** It is acknowledged like any other, and `refusedPacket` says what the intake gets. */
  | { readonly kind: 'refused'; readonly reason: RefusedPublishReason; readonly detail: string };

export const ACCEPTED: PublishVerdict & { readonly kind: 'accepted' } = { kind: 'accepted' };
const BRIDGE_STATE: PublishVerdict = { kind: 'bridge-state' };

/**
 * Judges the topic and the length of a PUBLISH. Whether the client may publish on the topic is asked of its grant before a
 * refused packet is acknowledged: a denied one never is. Do not cache the verdict on a topic that begins with `$`: a reload
 * changes it.
 *
 * @param isNamed whether a first level that begins with `$` may be published. Without access rules: `DollarTopics.isNamed`; with
 * them it is always true, because only a permission that has this very level permits the topic [MQTT-4.7.2-1].
 */
export function judgePublish(
  { topic, lengthBytes, propertiesBytes }: PublishHead,
  maxPacketBytes: number,
  isNamed: (firstLevel: string) => boolean,
): PublishVerdict {
  const fault = publishTopicFault(topic, isNamed);
  if (fault?.kind === 'malformed') return { kind: 'malformed', detail: fault.detail };
  if (lengthBytes > maxPacketBytes) {
    const detail = tooLargeText('publish', lengthBytes, maxPacketBytes);
    return { kind: 'refused', reason: 'packet-too-large', detail };
  }
  if (propertiesBytes > MAX_MESSAGE_PROPERTIES_BYTES) {
    const detail = tooLargeText('list of properties', propertiesBytes, MAX_MESSAGE_PROPERTIES_BYTES);
    return { kind: 'refused', reason: 'packet-too-large', detail };
  }
  if (fault !== undefined) return { kind: 'refused', reason: 'topic-not-accepted', detail: fault.detail };
  return isBridgeState(topic) ? BRIDGE_STATE : ACCEPTED;
}
