import { hash } from 'node:crypto';

/** [PutRecordsRequestEntry, PartitionKey: 1 to 256 characters, 2026-11]. Counted here in UTF-16 units, which are never fewer. */
export const MAX_PARTITION_KEY_LENGTH = 256;

const NO_DEVICE = '-';
const DIGEST_LENGTH = 32;
const PREFIX_LENGTH = MAX_PARTITION_KEY_LENGTH - DIGEST_LENGTH - 1;

/**
 * A device id as Kinesis takes it: unchanged when it has 1 to 256 UTF-16 units, `-` when empty, else its beginning
 * and a digest of the whole. The same for ever: it decides where a device goes.
 */
export function partitionKeyOf(device: string): string {
  if (device.length === 0) return NO_DEVICE;
  if (device.length <= MAX_PARTITION_KEY_LENGTH) return device;
  const digest = hash('sha256', device).slice(0, DIGEST_LENGTH);
  return `${prefixOf(device, PREFIX_LENGTH)}~${digest}`;
}

/** At most the first `maxLength` UTF-16 units, never half a surrogate pair. */
export function prefixOf(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const last = text.charCodeAt(maxLength - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxLength - 1 : maxLength);
}
