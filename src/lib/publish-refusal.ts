import { clientIdFault, topicNameFault } from './mqtt-names.js';

/** Why a broker would not take a PUBLISH. */
export interface PublishRefusal {
  /** The `reason` of the metric and of the log line. */
  readonly reason: 'connect-malformed' | 'packet-too-large' | 'topic-invalid';
  readonly detail: string;
}

export interface PublishFacts {
  readonly topic: string;
  readonly clientId: string;
  readonly qos: 0 | 1 | 2;
  readonly payload: { readonly length: number };
}

/** Says beforehand what a client and its PUBLISH would be refused for, in the order in which the checks are made. */
export function publishRefusal(
  { topic, clientId, qos, payload }: PublishFacts,
  maxPacketBytes: number,
): PublishRefusal | undefined {
  const idFault = clientIdFault(clientId);
  if (idFault !== undefined) return { reason: 'connect-malformed', detail: idFault };
  // The remaining length (MQTT 3.1.1 section 2.2.3): topic with its length, packet id, payload.
  const length = 2 + Buffer.byteLength(topic) + (qos > 0 ? 2 : 0) + payload.length;
  if (length > maxPacketBytes) {
    return { reason: 'packet-too-large', detail: tooLargeText('publish', length, maxPacketBytes) };
  }
  const topicFault = topicNameFault(topic);
  return topicFault === undefined ? undefined : { reason: 'topic-invalid', detail: topicFault };
}

export function tooLargeText(packet: string, bytes: number, limitBytes: number): string {
  return `${packet} of ${bytes} bytes is over the limit of ${limitBytes}`;
}
