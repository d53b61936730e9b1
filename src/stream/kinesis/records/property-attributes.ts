import { isBase64 } from '../../../lib/base64.js';
import {
  encodeMessageProperties,
  MAX_MESSAGE_PROPERTIES_BYTES,
  type MessageProperties,
} from '../../../lib/message-properties.js';
import type { UserProperty } from '../../../lib/mqtt-properties.js';
import { MEMBER, type Member, type TopLevelMembers } from './top-level-members.js';

/** The largest Integer of CloudEvents (1.0, type system); MQTT counts further. */
const MAX_INTEGER = 2_147_483_647;
const MAX_EXPIRY_SECONDS = 0xffff_ffff;
const DIGITS = /^"?(\d{1,10})"?$/;

/**
 * The attributes of a record whose publisher has set message properties (MQTT 5):
 *
 * | attribute | value |
 * |---|---|
 * | mqttcontenttype | the content type |
 * | mqttpayloadformat | the payload format indicator, 0 or 1 |
 * | mqttmessageexpiry | the message expiry interval in s; a text above 2,147,483,647 |
 * | mqttresponsetopic | the response topic |
 * | mqttcorrelationdata | the correlation data, Base64 |
 * | mqttuserproperties | the user properties in their order, as the JSON text of a list of pairs |
 *
 * An attribute must not be empty (CloudEvents 1.0, type system): an empty text is omitted, which says the same.
 */
export function propertyAttributes(properties: MessageProperties): Record<string, string | number> {
  const { contentType, isText, expirySeconds, responseTopic, correlationData, userProperties } = properties;
  return {
    ...(contentType && { mqttcontenttype: contentType }),
    ...(isText !== undefined && { mqttpayloadformat: isText ? 1 : 0 }),
    ...(expirySeconds !== undefined && {
      mqttmessageexpiry: expirySeconds > MAX_INTEGER ? String(expirySeconds) : expirySeconds,
    }),
    ...(responseTopic && { mqttresponsetopic: responseTopic }),
    ...(correlationData?.length && { mqttcorrelationdata: correlationData.toString('base64') }),
    ...(userProperties?.length && { mqttuserproperties: JSON.stringify(userProperties) }),
  };
}

/** What an event says of message properties. `isRefused`: something in it is not as MQTT allows it, and was omitted. */
export interface ReadProperties {
  readonly properties: MessageProperties | undefined;
  readonly isRefused: boolean;
}

const NONE: ReadProperties = { properties: undefined, isRefused: false };
const REFUSED = Symbol('refused');
type Read<T> = T | undefined | typeof REFUSED;

const READ: readonly Member[] = [
  MEMBER.mqttcontenttype,
  MEMBER.mqttpayloadformat,
  MEMBER.mqttmessageexpiry,
  MEMBER.mqttresponsetopic,
  MEMBER.mqttcorrelationdata,
  MEMBER.mqttuserproperties,
];

/** Reads the attributes of an event of any producer. */
export function readProperties(members: TopLevelMembers): ReadProperties {
  if (!READ.some((member) => members.has(member))) return NONE;
  const read = {
    isText: payloadFormat(members),
    expirySeconds: expiry(members),
    contentType: text(members, MEMBER.mqttcontenttype),
    responseTopic: responseTopic(members),
    correlationData: correlationData(members),
    userProperties: userProperties(members),
  };
  const given = Object.entries(read).filter(([, value]) => value !== undefined && value !== REFUSED);
  const isRefused = Object.values(read).includes(REFUSED);
  if (given.length === 0) return { properties: undefined, isRefused };
  const properties = Object.fromEntries(given) as MessageProperties;
  if (encodeMessageProperties(properties).length > MAX_MESSAGE_PROPERTIES_BYTES) {
    return { properties: undefined, isRefused: true };
  }
  return { properties, isRefused };
}

function text(members: TopLevelMembers, member: Member): Read<string> {
  if (!members.has(member)) return undefined;
  const found = members.text(member);
  return found !== undefined && isMqttText(found) ? found : REFUSED;
}

/** Its length is bounded with that of all properties together [MQTT-1.5.4-1, MQTT-1.5.4-2]. */
function isMqttText(text: string): boolean {
  return !/[\0\p{Cs}]/u.test(text);
}

function responseTopic(members: TopLevelMembers): Read<string> {
  const found = text(members, MEMBER.mqttresponsetopic);
  // [MQTT-3.3.2-14]
  return typeof found === 'string' && /[+#]/.test(found) ? REFUSED : found;
}

/** The numbers may also be texts: an event that was sent in HTTP headers has lost the type. */
function integer(members: TopLevelMembers, member: Member, max: number): Read<number> {
  if (!members.has(member)) return undefined;
  const digits = DIGITS.exec(members.json(member).toString('latin1'))?.[1];
  return digits === undefined || Number(digits) > max ? REFUSED : Number(digits);
}

function payloadFormat(members: TopLevelMembers): Read<boolean> {
  const found = integer(members, MEMBER.mqttpayloadformat, 1);
  return typeof found === 'number' ? found === 1 : found;
}

function expiry(members: TopLevelMembers): Read<number> {
  return integer(members, MEMBER.mqttmessageexpiry, MAX_EXPIRY_SECONDS);
}

function correlationData(members: TopLevelMembers): Read<Buffer> {
  if (!members.has(MEMBER.mqttcorrelationdata)) return undefined;
  const base64 = members.text(MEMBER.mqttcorrelationdata);
  if (base64 === undefined || !isBase64(base64)) return REFUSED;
  return Buffer.from(base64, 'base64');
}

function userProperties(members: TopLevelMembers): Read<UserProperty[]> {
  if (!members.has(MEMBER.mqttuserproperties)) return undefined;
  try {
    const pairs: unknown = JSON.parse(members.text(MEMBER.mqttuserproperties) ?? '');
    return Array.isArray(pairs) && pairs.every(isUserProperty) ? pairs : REFUSED;
  } catch {
    return REFUSED;
  }
}

function isUserProperty(pair: unknown): pair is UserProperty {
  return (
    Array.isArray(pair) &&
    pair.length === 2 &&
    pair.every((one) => typeof one === 'string' && isMqttText(one))
  );
}
