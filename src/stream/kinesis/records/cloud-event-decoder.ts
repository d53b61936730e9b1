import { PUBLISH_TYPE, SOURCE_PREFIX } from './cloud-event-encoder.js';
import { isMqttString, isTopicName } from './mqtt-names.js';
import { Rfc3339Reader } from './rfc3339.js';
import { MEMBER, TopLevelMembers } from './top-level-members.js';

/** What a CloudEvent says of a record; undefined where it says nothing that could be used. */
export interface CloudEvent {
  /** `subject`, when it is a topic name. */
  readonly topic: string | undefined;
  /** `clientid`, else `source`, when it is an MQTT string. */
  readonly clientId: string | undefined;
  readonly qos: 0 | 1 | 2 | undefined;
  /** `time`, ns since 1970, when it is an RFC 3339 time from 1970 to 2262. */
  readonly receivedAtNs: bigint | undefined;
  /** A view of the event's bytes wherever it stands there as it is. Empty when there is no data. */
  readonly payload: Buffer;
}

const VERSION_JSON = Buffer.from('"1.0"');
const OUR_TYPE_JSON = Buffer.from(JSON.stringify(PUBLISH_TYPE));
const OUR_SOURCE_JSON = Buffer.from(`"${SOURCE_PREFIX}`);
const JSON_TYPE = Buffer.from('"application/json"');
/** Also as text: an event that went through HTTP headers has lost the type. */
const QOS = ([1, 0, 2] as const).map((qos) => ({
  qos,
  json: Buffer.from(String(qos)),
  text: Buffer.from(`"${qos}"`),
}));
const NO_BYTES = Buffer.alloc(0);
const JSON_MEDIA_TYPE = /^[^/;]+\/(?:[^/;]+\+)?json\s*(?:;|$)/i;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

// One for the thread: decoding is synchronous and never re-entered.
const members = new TopLevelMembers();
const times = new Rfc3339Reader();

/**
 * Reads a CloudEvents 1.0 event in structured JSON mode, of whatever producer. Undefined: it is none, so the bytes
 * are a payload by themselves. That is so for anything ambiguous, too: a member twice, both `data` and
 * `data_base64`, base64 that is not. Never throws.
 */
export function decodeCloudEvent(bytes: Buffer): CloudEvent | undefined {
  if (!members.read(bytes)) return undefined;
  if (!members.is(MEMBER.specversion, VERSION_JSON) && members.text(MEMBER.specversion) !== '1.0')
    return undefined;
  if (!members.isText(MEMBER.id) || !members.isText(MEMBER.source) || !members.isText(MEMBER.type))
    return undefined;
  const isOurs = members.is(MEMBER.type, OUR_TYPE_JSON) && members.startsWith(MEMBER.source, OUR_SOURCE_JSON);
  const payload = payloadOf(isOurs);
  if (payload === undefined) return undefined;
  const subject = members.text(MEMBER.subject);
  const time = members.text(MEMBER.time);
  return {
    topic: subject !== undefined && isTopicName(subject) ? subject : undefined,
    clientId: clientIdOf(isOurs),
    qos: qosOf(),
    receivedAtNs: time === undefined ? undefined : times.ns(time),
    payload,
  };
}

function payloadOf(isOurs: boolean): Buffer | undefined {
  if (members.has(MEMBER.data_base64)) {
    // A null beside it is taken for absent: serialisers that write all members leave one there.
    const base64 = members.has(MEMBER.data) ? undefined : members.text(MEMBER.data_base64);
    const isBase64 = base64 !== undefined && base64.length % 4 === 0 && BASE64.test(base64);
    return isBase64 ? Buffer.from(base64, 'base64') : undefined;
  }
  if (!members.hasData) return NO_BYTES;
  // White space around ours is part of what the device has sent.
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

/** Ours has no `clientid` when the client id was empty. */
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
