import type { StreamRecord } from '../../stream.js';

/**
 * What keeps its order in Kinesis. `device`: the last topic level but one, or the client id where a topic has no such
 * level or an empty one; the same device as the rules of the consumer see. May be empty or of any length:
 * `partitionKeyOf` makes a partition key of it.
 */
export function deviceKeyOf(record: StreamRecord, by: 'device' | 'client' | 'topic'): string {
  if (by === 'client') return record.clientId;
  if (by === 'topic') return record.topic;
  const { topic } = record;
  const end = topic.lastIndexOf('/');
  if (end <= 0) return record.clientId;
  const start = topic.lastIndexOf('/', end - 1) + 1;
  return start < end ? topic.slice(start, end) : record.clientId;
}
