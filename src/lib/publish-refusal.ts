import {
  clientIdFault,
  dollarLevelOf,
  isBridgeState,
  type TopicFault,
  topicNameFault,
} from './mqtt-names.js';

/** The most bytes of a packet that are read past: a client that sends more is closed. */
export const MAX_READ_PAST_BYTES = 64 * 1024 * 1024;

/** Why a broker would not take a PUBLISH. */
export interface PublishRefusal {
  /**
   * What happens: the connection is `closed`, or the packet is acknowledged and `parked` for this reason, or it is
   * acknowledged and `not-stored`, because it is about the connection of a bridge.
   */
  readonly outcome: 'closed' | 'parked' | 'not-stored';
  /** The `reason` of the metric and of the log line, or the code of the parked record. */
  readonly reason:
    | 'connect-malformed'
    | 'publish-malformed'
    | 'packet-too-large'
    | 'topic-not-accepted'
    | 'bridge-state';
  readonly detail: string;
}

export interface PublishFacts {
  readonly topic: string;
  readonly clientId: string;
  readonly qos: 0 | 1 | 2;
  readonly payload: { readonly length: number };
}

/**
 * Says beforehand what a client and its PUBLISH would be refused for, in the order in which the checks are made.
 *
 * @param isNamed whether a role or a rule names a first level that begins with `$`
 */
export function publishRefusal(
  { topic, clientId, qos, payload }: PublishFacts,
  maxPacketBytes: number,
  isNamed: (firstLevel: string) => boolean,
): PublishRefusal | undefined {
  const idFault = clientIdFault(clientId);
  if (idFault !== undefined) return { outcome: 'closed', reason: 'connect-malformed', detail: idFault };
  const fault = publishTopicFault(topic, isNamed);
  if (fault?.kind === 'malformed') {
    return { outcome: 'closed', reason: 'publish-malformed', detail: fault.detail };
  }
  const length = publishLength(topic, qos, payload.length);
  if (length > maxPacketBytes) {
    const outcome = length > MAX_READ_PAST_BYTES ? 'closed' : 'parked';
    return { outcome, reason: 'packet-too-large', detail: tooLargeText('publish', length, maxPacketBytes) };
  }
  if (fault !== undefined) {
    return { outcome: 'parked', reason: 'topic-not-accepted', detail: fault.detail };
  }
  if (!isBridgeState(topic)) return undefined;
  return {
    outcome: 'not-stored',
    reason: 'bridge-state',
    detail: 'a bridge says here whether it is connected',
  };
}

/** The remaining length of a PUBLISH (MQTT 3.1.1 section 2.2.3): topic with its length, packet id, payload. */
export function publishLength(topic: string, qos: 0 | 1 | 2, payloadBytes: number): number {
  return 2 + Buffer.byteLength(topic) + (qos > 0 ? 2 : 0) + payloadBytes;
}

/** What is wrong with the topic name of a PUBLISH, also when it begins with `$` and nothing names its first level. */
export function publishTopicFault(
  topic: string,
  isNamed: (firstLevel: string) => boolean,
): TopicFault | undefined {
  const fault = topicNameFault(topic);
  if (fault !== undefined) return fault;
  const level = dollarLevelOf(topic);
  if (level === undefined || isBridgeState(topic) || isNamed(level)) return undefined;
  return {
    kind: 'unacceptable',
    detail: 'topic that begins with $, and the topic of no rule begins with its first level',
  };
}

export function tooLargeText(packet: string, bytes: number, limitBytes: number): string {
  return `${packet} of ${bytes} bytes is over the limit of ${limitBytes}`;
}
