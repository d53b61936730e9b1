import { MAX_PARTITION_KEY_LENGTH, prefixOf } from '../aggregation/partition-key.js';

const NO_KEY = '-';
const UNSAFE_IN_LEVEL = /[%+#/\0]/g;

/**
 * The topic of bytes that say nothing of themselves: `kinesis/<stream>/<partition key>/data`, with `%`, `+`, `#`,
 * `/` and NUL percent-encoded, so that no two keys share a topic, and `-` for an empty key.
 */
export function rawTopic(streamName: string, partitionKey: string): string {
  const key = rawClientId(partitionKey);
  return `kinesis/${streamName}/${key === '' ? NO_KEY : key.replace(UNSAFE_IN_LEVEL, percentEncoded)}/data`;
}

/** The partition key; of one over 256 UTF-16 units, which only an aggregate can hold, the first 256. */
export function rawClientId(partitionKey: string): string {
  return prefixOf(partitionKey, MAX_PARTITION_KEY_LENGTH);
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
