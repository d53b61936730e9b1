import { isBase64 } from './base64.js';
import type { MessageProperties } from './message-properties.js';
import type { UserProperty } from './mqtt-properties.js';

/**
 * Message properties as JSON, by their names in MQTT 5 and in rules. The user properties are pairs, in their order: a name may
 * come several times, and a key that a device has chosen could be taken for one of ours.
 */
export interface PropertiesJson {
  readonly contentType?: string;
  readonly payloadFormatIndicator?: 0 | 1;
  readonly messageExpiryInterval?: number;
  readonly responseTopic?: string;
  /** Base64. */
  readonly correlationData?: string;
  readonly user?: readonly UserProperty[];
}

export function propertiesJson(properties: MessageProperties): PropertiesJson {
  const { contentType, isText, expirySeconds, responseTopic, correlationData, userProperties } = properties;
  return {
    ...(contentType !== undefined && { contentType }),
    ...(isText !== undefined && { payloadFormatIndicator: isText ? 1 : 0 }),
    ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData: correlationData.toString('base64') }),
    ...(userProperties !== undefined && { user: userProperties }),
  };
}

/** Properties cut to what a person reads. */
export interface ShownProperties extends PropertiesJson {
  /** How many user properties are omitted; absent when all are there. */
  readonly moreUser?: number;
}

const MAX_SHOWN_CHARACTERS = 200;
const MAX_SHOWN_USER = 20;

/** The same for a page or a terminal, with a bound on each text and on their number. */
export function shownProperties(properties: MessageProperties): ShownProperties {
  const { user, ...json } = propertiesJson(properties);
  const more = (user?.length ?? 0) - MAX_SHOWN_USER;
  return {
    ...(Object.fromEntries(
      Object.entries(json).map(([key, value]) => [key, typeof value === 'string' ? cut(value) : value]),
    ) as PropertiesJson),
    ...(user && { user: user.slice(0, MAX_SHOWN_USER).map(([name, value]) => [cut(name), cut(value)]) }),
    ...(more > 0 && { moreUser: more }),
  };
}

function cut(text: string): string {
  return text.length <= MAX_SHOWN_CHARACTERS ? text : `${text.slice(0, MAX_SHOWN_CHARACTERS)}…`;
}

/** One line for each, as a rule names it: `properties.user.site = pune`; not yet safe for a terminal. */
export function propertyLines({ user = [], moreUser = 0, ...json }: ShownProperties): string[] {
  return [
    ...Object.entries(json).map(([name, value]) => `${name} = ${String(value)}`),
    ...user.map(([name, value]) => `user.${name} = ${value}`),
    ...(moreUser > 0 ? [`… ${moreUser} more`] : []),
  ];
}

const MAX_EXPIRY_SECONDS = 0xffff_ffff;

/**
 * Reads properties back. Besides pairs, `user` may be an object of texts, or of lists of texts, as a person writes it.
 * Returns what is wrong where something is.
 */
export function propertiesOfJson(json: unknown): MessageProperties | string {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'expected an object';
  const { contentType, payloadFormatIndicator, messageExpiryInterval, responseTopic, correlationData, user } =
    json as Readonly<Record<string, unknown>>;
  for (const [name, value] of Object.entries({ contentType, responseTopic, correlationData })) {
    if (value !== undefined && typeof value !== 'string') return `${name}: expected a text`;
  }
  if (payloadFormatIndicator !== undefined && payloadFormatIndicator !== 0 && payloadFormatIndicator !== 1) {
    return 'payloadFormatIndicator: expected 0 or 1';
  }
  if (messageExpiryInterval !== undefined && !isExpiry(messageExpiryInterval)) {
    return 'messageExpiryInterval: expected whole seconds, at most 4294967295';
  }
  if (correlationData !== undefined && !isBase64(correlationData as string)) {
    return 'correlationData: expected Base64';
  }
  const userProperties = user === undefined ? undefined : pairsOf(user);
  if (user !== undefined && userProperties === undefined) {
    return 'user: expected an object of texts, or a list of pairs';
  }
  return {
    ...(payloadFormatIndicator !== undefined && { isText: payloadFormatIndicator === 1 }),
    ...(messageExpiryInterval !== undefined && { expirySeconds: messageExpiryInterval as number }),
    ...(contentType !== undefined && { contentType: contentType as string }),
    ...(responseTopic !== undefined && { responseTopic: responseTopic as string }),
    ...(correlationData !== undefined && {
      correlationData: Buffer.from(correlationData as string, 'base64'),
    }),
    ...(userProperties !== undefined && { userProperties }),
  };
}

function isExpiry(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_EXPIRY_SECONDS;
}

function pairsOf(user: unknown): UserProperty[] | undefined {
  if (typeof user !== 'object' || user === null) return undefined;
  const pairs: unknown[][] = Array.isArray(user)
    ? user
    : Object.entries(user).flatMap(([name, value]) => [value].flat().map((one: unknown) => [name, one]));
  return pairs.every(isPair) ? pairs : undefined;
}

function isPair(pair: unknown): pair is UserProperty & unknown[] {
  return Array.isArray(pair) && pair.length === 2 && pair.every((one) => typeof one === 'string');
}
