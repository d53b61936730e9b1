import { isBase64 } from '../../../lib/base64.js';
import type { MessageProperties } from '../../../lib/message-properties.js';
import type { RefusedPublish } from '../../../lib/refused-publish.js';
import { rfc3339Ns } from '../../../lib/rfc3339.js';
import { PUBLISH_TYPE, SOURCE_PREFIX } from './cloud-event-encoder.js';
import { readProperties } from './property-attributes.js';
import { REFUSED_TYPE, readRefused } from './refused-event.js';
import { MEMBER, TopLevelMembers } from './top-level-members.js';

/** CloudEvent holds what a CloudEvents event contains about a record; undefined where it has nothing usable. */
export interface CloudEvent {
  /** `subject`, when it is a topic name. */
  readonly topic: string | undefined;
  /** `clientid`, else `source`, when it is an MQTT string. */
  readonly clientId: string | undefined;
  /** `mqttuser`, when it is an MQTT string that is not empty. */
  readonly user: string | undefined;
  /** `mqttcontenttype` and the others of `propertyAttributes`, as far as MQTT allows them. */
  readonly properties?: MessageProperties | undefined;
  /** Present when `subject`, `clientid`, `mqttuser` or a message property holds what MQTT does not allow there. */
  readonly hasRefusedName?: true;
  readonly qos: 0 | 1 | 2 | undefined;
  /** `time`, ns since 1970, when it is an RFC 3339 time from 1970 to 2262. */
  readonly receivedAtNs: bigint | undefined;
  /** A view of the event's bytes where these contain the payload unchanged. Empty when there is no data. */
  readonly payload: Buffer;
  /** Present when a gateway has not accepted the message; the payload is then what is kept of it. */
  readonly refused?: RefusedPublish;
}

const VERSION_JSON = Buffer.from('"1.0"');
const OUR_TYPE_JSON = Buffer.from(JSON.stringify(PUBLISH_TYPE));
const REFUSED_TYPE_JSON = Buffer.from(JSON.stringify(REFUSED_TYPE));
const OUR_SOURCE_JSON = Buffer.from(`"${SOURCE_PREFIX}`);
const JSON_TYPE = Buffer.from('"application/json"');
/** The number may also be text: an event that was sent in HTTP headers has lost the type. */
const QOS = ([1, 0, 2] as const).map((qos) => ({
  qos,
  json: Buffer.from(String(qos)),
  text: Buffer.from(`"${qos}"`),
}));
const NO_BYTES = Buffer.alloc(0);
const JSON_MEDIA_TYPE = /^[^/;]+\/(?:[^/;]+\+)?json\s*(?:;|$)/i;

// One for the thread, because decoding is synchronous.
const members = new TopLevelMembers();

/**
 * Reads a CloudEvents 1.0 event in structured JSON mode from any producer. Returns undefined when the bytes are no such
 * event, and so are themselves the payload. The same holds for anything ambiguous: a member that occurs twice, both
 * `data` and `data_base64`, invalid Base64. Never throws.
 */
export function decodeCloudEvent(bytes: Buffer): CloudEvent | undefined {
  if (!members.read(bytes)) return undefined;
  if (!members.is(MEMBER.specversion, VERSION_JSON) && members.text(MEMBER.specversion) !== '1.0')
    return undefined;
  if (!members.isText(MEMBER.id) || !members.isText(MEMBER.source) || !members.isText(MEMBER.type))
    return undefined;
  const isRefused = members.is(MEMBER.type, REFUSED_TYPE_JSON);
  const isOurs =
    (isRefused || members.is(MEMBER.type, OUR_TYPE_JSON)) &&
    members.startsWith(MEMBER.source, OUR_SOURCE_JSON);
  const kept = isRefused && isOurs ? readRefused(members) : undefined;
  const payload = kept?.payload ?? payloadOf(isOurs);
  if (payload === undefined) return undefined;
  const subject = members.text(MEMBER.subject);
  const time = members.text(MEMBER.time);
  const isTopic = subject !== undefined && isTopicName(subject);
  const clientId = members.text(MEMBER.clientid);
  const user = members.text(MEMBER.mqttuser);
  const isUser = user !== undefined && isMqttString(user);
  const { properties, isRefused: hasRefusedProperty } = readProperties(members);
  const hasRefusedName =
    hasRefusedProperty ||
    (subject !== undefined && !isTopic) ||
    (clientId !== undefined && !isMqttString(clientId)) ||
    (user !== undefined && !isUser);
  return {
    topic: isTopic ? subject : undefined,
    clientId: clientIdOf(isOurs),
    user: isUser && user !== '' ? user : undefined,
    properties,
    hasRefusedName: hasRefusedName ? true : undefined,
    qos: qosOf(),
    receivedAtNs: time === undefined ? undefined : rfc3339Ns(time),
    payload,
    ...(kept !== undefined && { refused: kept.refused }),
  };
}

function payloadOf(isOurs: boolean): Buffer | undefined {
  if (members.has(MEMBER.data_base64)) {
    // A `data` of null counts as absent: serialisers that write all members leave one there.
    const base64 = members.has(MEMBER.data) ? undefined : members.text(MEMBER.data_base64);
    return base64 !== undefined && isBase64(base64) ? Buffer.from(base64, 'base64') : undefined;
  }
  if (!members.hasData) return NO_BYTES;
  // In our own events white space around the data is part of what the device has sent.
  if (isOurs) return members.paddedData;
  if (isJsonMediaType()) return members.json(MEMBER.data);
  const text = members.text(MEMBER.data);
  return text === undefined ? members.json(MEMBER.data) : Buffer.from(text);
}

/** Without a type, data is JSON [CloudEvents JSON format, 3.1.2]. */
function isJsonMediaType(): boolean {
  if (!members.has(MEMBER.datacontenttype) || members.is(MEMBER.datacontenttype, JSON_TYPE)) return true;
  return JSON_MEDIA_TYPE.test(members.text(MEMBER.datacontenttype) ?? '');
}

/** Our own events have no `clientid` when the client id was empty. */
function clientIdOf(isOurs: boolean): string | undefined {
  const clientId = members.text(MEMBER.clientid) ?? (isOurs ? '' : undefined);
  if (clientId !== undefined && isMqttString(clientId)) return clientId;
  const source = members.text(MEMBER.source)!;
  return isMqttString(source) ? source : undefined;
}

function qosOf(): 0 | 1 | 2 | undefined {
  for (const { qos, json, text } of QOS)
    if (members.is(MEMBER.qos, json) || members.is(MEMBER.qos, text)) return qos;
  return undefined;
}

/** [MQTT-1.5.3: two length bytes] */
const MAX_STRING_BYTES = 65_535;
const MAX_BYTES_PER_UNIT = 3;
const LONE_SURROGATE = /\p{Cs}/u;
/** [MQTT-3.3.2-2, MQTT-4.7.3-2] */
const UNFIT_FOR_TOPIC = /[+#\0\p{Cs}]/u;

/** Returns whether the text has at most 65,535 bytes of well-formed UTF-8; it may be empty. */
export function isMqttString(text: string): boolean {
  return isShort(text) && !LONE_SURROGATE.test(text);
}

/** Returns whether the text is an MQTT string that is not empty and has no wildcards and no NUL. */
export function isTopicName(text: string): boolean {
  return text !== '' && isShort(text) && !UNFIT_FOR_TOPIC.test(text);
}

function isShort(text: string): boolean {
  return text.length * MAX_BYTES_PER_UNIT <= MAX_STRING_BYTES || Buffer.byteLength(text) <= MAX_STRING_BYTES;
}
