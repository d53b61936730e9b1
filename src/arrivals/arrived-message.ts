import { isUtf8 } from 'node:buffer';
import { shownProperties } from '../lib/properties-json.js';
import type { StreamRecord } from '../stream/stream.js';
import type { ArrivedMessage } from './arrival.js';

/** What is shown of a payload. */
export const MAX_PAYLOAD_BYTES = 4 * 1024;
/** What is shown of a topic, a client id or a tag value. */
export const MAX_NAME_CHARACTERS = 1_024;
/** A character of UTF-8 has up to three more bytes behind its first. */
const MAX_CONTINUATION_BYTES = 3;

/** Copies what is shown of a record: its payload is a view that is overwritten later. */
export function arrivedMessage({
  receivedAtNs,
  topic,
  clientId,
  user,
  qos,
  payload,
  properties,
  refused,
}: StreamRecord): ArrivedMessage {
  return {
    id: String(receivedAtNs),
    atMs: Number(receivedAtNs / 1_000_000n),
    topic: shortName(topic),
    client: shortName(clientId),
    ...(user && { user: shortName(user) }),
    qos,
    ...(properties && { properties: shownProperties(properties) }),
    ...shownPayload(payload),
    payloadBytes: refused?.payloadBytes ?? payload.length,
  };
}

/** The beginning of a name that comes from a device. */
export function shortName(name: string): string {
  return name.length <= MAX_NAME_CHARACTERS ? name : `${name.slice(0, MAX_NAME_CHARACTERS)}…`;
}

/** The beginning of a payload, which ends behind a whole character if it is text. */
function shownPayload(payload: Buffer): Pick<ArrivedMessage, 'payload' | 'payloadBase64'> {
  const start = payload.subarray(0, MAX_PAYLOAD_BYTES);
  const cut = payload.length > start.length ? MAX_CONTINUATION_BYTES : 0;
  for (let end = start.length; end >= start.length - cut && end >= 0; end--) {
    const text = start.subarray(0, end);
    if (isUtf8(text)) return { payload: text.toString('utf8') };
  }
  return { payloadBase64: start.toString('base64') };
}
