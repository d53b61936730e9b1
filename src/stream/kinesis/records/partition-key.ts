import { hash } from 'node:crypto';
import type { StreamRecord } from '../../stream.js';

/** [PutRecordsRequestEntry, PartitionKey: 1 to 256 characters, 2026-11]. Counted here in UTF-16 units, of which there are never fewer. */
export const MAX_PARTITION_KEY_LENGTH = 256;

const NO_DEVICE = '-';
const SPARKPLUG = 'spBv1.0/';
const DIGEST_LENGTH = 32;
const PREFIX_LENGTH = MAX_PARTITION_KEY_LENGTH - DIGEST_LENGTH - 1;

/**
 * Returns what keeps its order in Kinesis. For `device` it is the last topic level but one, or the client id where the
 * topic has no such level or an empty one: the same device that the rules of the consumer find. It may be empty or of
 * any length; `partitionKeyOf` makes a partition key of it. Of Sparkplug B it is the group and the node, because a node and
 * its devices share one sequence, and the birth that explains their data must come before it.
 */
export function deviceKeyOf(record: StreamRecord, by: 'device' | 'client' | 'topic'): string {
  if (by === 'client') return record.clientId;
  if (by === 'topic') return record.topic;
  const { topic } = record;
  if (topic.startsWith(SPARKPLUG)) {
    const [, group, , node] = topic.split('/', 4);
    if (node !== undefined) return `${group}/${node}`;
  }
  const end = topic.lastIndexOf('/');
  if (end <= 0) return record.clientId;
  const start = topic.lastIndexOf('/', end - 1) + 1;
  return start < end ? topic.slice(start, end) : record.clientId;
}

/**
 * Returns a device key as Kinesis accepts it: unchanged when it has 1 to 256 UTF-16 units, `-` when it is empty, else its
 * beginning and a digest of the whole. This may never change, because it decides which shard a device is in.
 */
export function partitionKeyOf(device: string): string {
  if (device.length === 0) return NO_DEVICE;
  if (device.length <= MAX_PARTITION_KEY_LENGTH) return device;
  const digest = hash('sha256', device).slice(0, DIGEST_LENGTH);
  return `${prefixOf(device, PREFIX_LENGTH)}~${digest}`;
}

/** Returns at most the first `maxLength` UTF-16 units, never half a surrogate pair. */
export function prefixOf(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const last = text.charCodeAt(maxLength - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxLength - 1 : maxLength);
}
