/** Characters that MQTT 3.1.1 lets a server refuse (section 1.5.3); invalid UTF-8 and NUL are malformed, and found before. */
const FORBIDDEN_IN_TOPIC = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

/** In the names of clients and users U+FFFD is refused, too: mostly it is what is left of a text in another encoding. */
const FORBIDDEN_CHARACTER = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\ufffd]/u;

export const MAX_CLIENT_ID_BYTES = 128;
export const MAX_USER_NAME_BYTES = 256;
/** Far above what devices use, and small enough for caches of topics. */
export const MAX_TOPIC_BYTES = 1024;
/** Aedes searches topics level by level. */
export const MAX_TOPIC_LEVELS = 100;

export function isValidName(name: string, maxBytes: number): boolean {
  return name.length <= maxBytes && Buffer.byteLength(name) <= maxBytes && !FORBIDDEN_CHARACTER.test(name);
}

/** Why a client id is not accepted, or `undefined`. An empty one is: the broker then makes one. */
export function clientIdFault(clientId: string): string | undefined {
  return isValidName(clientId, MAX_CLIENT_ID_BYTES)
    ? undefined
    : 'client id too long or with control characters';
}

/** What is wrong with the topic name of a PUBLISH. */
export interface TopicFault {
  /**
   * `malformed`: MQTT forbids it, and the connection ends. `unacceptable`: MQTT allows it and Sluice does not take it; a
   * client cannot know that, so it is acknowledged and parked.
   */
  readonly kind: 'malformed' | 'unacceptable';
  readonly detail: string;
}

/** What is wrong with the topic name of a PUBLISH, without asking whether a topic with `$` is configured; or `undefined`. */
export function topicNameFault(topic: string): TopicFault | undefined {
  // [MQTT-4.7.3-1]
  if (topic.length === 0) return malformed('empty topic');
  // [MQTT-3.3.2-2]
  if (topic.includes('+') || topic.includes('#')) return malformed('wildcard in a topic name');
  // [MQTT-1.5.3-2]
  if (topic.includes('\0')) return malformed('NUL in a topic name');
  const bytes = Buffer.byteLength(topic);
  if (bytes > MAX_TOPIC_BYTES) return unacceptable(`topic of ${bytes} bytes, more than ${MAX_TOPIC_BYTES}`);
  if (FORBIDDEN_IN_TOPIC.test(topic)) return unacceptable('control character in a topic name');
  const levels = topic.split('/');
  if (levels.length > MAX_TOPIC_LEVELS) {
    return unacceptable(`topic with ${levels.length} levels, more than ${MAX_TOPIC_LEVELS}`);
  }
  return isOwnLevel(levels[0]!) && !isBridgeState(topic) ? unacceptable(RESERVED_TOPIC) : undefined;
}

const RESERVED_TOPIC = 'topic reserved for the broker';
/** The first levels that are a broker's own (MQTT 3.1.1 section 4.7.2), and those of shared subscriptions. */
const OWN_LEVELS: ReadonlySet<string> = new Set(['$SYS', '$share']);

function isOwnLevel(firstLevel: string): boolean {
  return OWN_LEVELS.has(firstLevel);
}

const BRIDGE_STATE_BEGIN = '$SYS/broker/connection/';
const BRIDGE_STATE_END = '/state';

/**
 * Whether a bridge of Mosquitto says on this topic whether it is connected: retained, and as its will. It is the only topic
 * of the broker's own that clients may publish on.
 */
export function isBridgeState(topic: string): boolean {
  return (
    topic.startsWith(BRIDGE_STATE_BEGIN) &&
    topic.endsWith(BRIDGE_STATE_END) &&
    topic.length > BRIDGE_STATE_BEGIN.length + BRIDGE_STATE_END.length
  );
}

/** The first level of a topic name or filter that begins with `$`; undefined for all others. */
export function dollarLevelOf(topic: string): string | undefined {
  if (!topic.startsWith('$')) return undefined;
  const end = topic.indexOf('/');
  return end < 0 ? topic : topic.slice(0, end);
}

function malformed(detail: string): TopicFault {
  return { kind: 'malformed', detail };
}

function unacceptable(detail: string): TopicFault {
  return { kind: 'unacceptable', detail };
}

/** Why a filter is malformed [MQTT-4.7.1-2, MQTT-4.7.1-3] or not taken by Sluice, or `undefined`. */
export function topicFilterFault(filter: string): string | undefined {
  if (!isValidName(filter, MAX_TOPIC_BYTES) || filter.length === 0)
    return 'filter empty, too long or with control characters';
  const levels = filter.split('/');
  const isWellFormed = levels.every((level, i) => {
    if (level === '+') return true;
    if (level === '#') return i === levels.length - 1;
    return !level.includes('+') && !level.includes('#');
  });
  return isWellFormed ? undefined : 'wildcard not alone in its level, or # not last';
}

const RESERVED_FILTER =
  'filter reserved for the broker: of its topics clients may use only $SYS/broker/connection/…';

/** Why a permission for a well-formed filter could never permit anything, or `undefined`: it takes only a broker's own topics. */
export function reservedFilterFault(filter: string): string | undefined {
  const [first, ...rest] = filter.split('/');
  if (first === '$share') return 'shared subscriptions are not available';
  if (first !== '$SYS') return undefined;
  const own = ['broker', 'connection'];
  const isForBridges = own.every(
    (level, i) => rest[i] === level || rest[i] === '+' || rest.slice(0, i + 1).includes('#'),
  );
  return isForBridges ? undefined : RESERVED_FILTER;
}
