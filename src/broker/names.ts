/**
 * What MQTT 3.1.1 says of names and the plain broker lets pass. Control characters are allowed to be refused
 * [MQTT-1.5.3-2]; U+FFFD is what invalid UTF-8 has become by the time a name gets here [MQTT-1.5.3-1].
 */
const UNFIT_CHARACTER = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\ufffd]/u;

export const MAX_CLIENT_ID_BYTES = 128;
export const MAX_USER_NAME_BYTES = 256;
/** Far over what devices use; far under what would make the log's index of topics a burden. */
export const MAX_TOPIC_BYTES = 1024;

export function isFitName(name: string, maxBytes: number): boolean {
  return name.length <= maxBytes && Buffer.byteLength(name) <= maxBytes && !UNFIT_CHARACTER.test(name);
}

/** `undefined` when the topic of a PUBLISH may be taken, else why not. */
export function topicNameFault(topic: string): string | undefined {
  if (topic.length === 0) return 'empty topic';
  if (!isFitName(topic, MAX_TOPIC_BYTES)) return 'topic too long or with control characters';
  if (topic.includes('+') || topic.includes('#')) return 'wildcard in a topic name';
  if (topic.startsWith('$')) return 'topic reserved for the broker';
  return undefined;
}

/** `undefined` when the filter is well formed [MQTT-4.7.1-2, MQTT-4.7.1-3] and open to clients, else why not. */
export function topicFilterFault(filter: string): string | undefined {
  if (!isFitName(filter, MAX_TOPIC_BYTES) || filter.length === 0)
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
