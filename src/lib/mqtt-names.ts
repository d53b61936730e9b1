/**
 * Characters that MQTT 3.1.1 forbids or allows to reject and that aedes accepts: control characters [MQTT-1.5.3-2],
 * and U+FFFD, which invalid UTF-8 has been decoded to before it is checked here [MQTT-1.5.3-1].
 */
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

/** Why the topic of a PUBLISH is not accepted, or `undefined`. */
export function topicNameFault(topic: string): string | undefined {
  if (topic.length === 0) return 'empty topic';
  if (!isValidName(topic, MAX_TOPIC_BYTES)) return 'topic too long or with control characters';
  if (topic.includes('+') || topic.includes('#')) return 'wildcard in a topic name';
  if (topic.startsWith('$')) return 'topic reserved for the broker';
  const levels = topic.split('/').length;
  return levels > MAX_TOPIC_LEVELS ? `topic with ${levels} levels, more than ${MAX_TOPIC_LEVELS}` : undefined;
}

/** Why a filter is malformed [MQTT-4.7.1-2, MQTT-4.7.1-3] or not open to clients, or `undefined`. */
export function topicFilterFault(filter: string): string | undefined {
  if (!isValidName(filter, MAX_TOPIC_BYTES) || filter.length === 0)
    return 'filter empty, too long or with control characters';
  if (filter.startsWith('$')) return 'filter reserved for the broker';
  const levels = filter.split('/');
  const isWellFormed = levels.every((level, i) => {
    if (level === '+') return true;
    if (level === '#') return i === levels.length - 1;
    return !level.includes('+') && !level.includes('#');
  });
  return isWellFormed ? undefined : 'wildcard not alone in its level, or # not last';
}
