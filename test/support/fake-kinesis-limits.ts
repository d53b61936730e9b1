import { createHash } from 'node:crypto';
import { SluiceError } from '../../src/lib/errors.js';
import type { PutEntry } from '../../src/stream/kinesis/kinesis-api.js';

/** Kinesis' own limits, as PutRecords enforces them: [AWS: service-sizes-and-limits, 2026-01]. */
const MAX_ENTRIES = 500;
const MAX_REQUEST_BYTES = 5 * 1024 * 1024;
const MAX_KEY_CHARACTERS = 256;
export const HASH_SPACE = 2n ** 128n;

export function refused(reason: string): SluiceError {
  return new SluiceError('KINESIS_REQUEST_REFUSED', reason);
}

export function entryBytes(entry: PutEntry): number {
  return entry.data.length + Buffer.byteLength(entry.partitionKey);
}

/** Where the entry belongs: its explicit hash key, else the MD5 of its partition key. */
export function hashOf(entry: PutEntry): bigint {
  if (entry.explicitHashKey !== undefined) return BigInt(entry.explicitHashKey);
  return BigInt(`0x${createHash('md5').update(entry.partitionKey).digest('hex')}`);
}

/** Throws KINESIS_REQUEST_REFUSED for a request that Kinesis refuses as a whole. */
export function checkEntries(entries: readonly PutEntry[], maxRecordBytes: number): void {
  if (entries.length === 0 || entries.length > MAX_ENTRIES) {
    throw refused(`${entries.length} entries; 1 to ${MAX_ENTRIES} are allowed`);
  }
  let requestBytes = 0;
  for (const [index, entry] of entries.entries()) {
    const bytes = entryBytes(entry);
    requestBytes += bytes;
    if (bytes > maxRecordBytes) throw refused(`entry ${index} has ${bytes} bytes of ${maxRecordBytes}`);
    const characters = [...entry.partitionKey].length;
    if (characters < 1 || characters > MAX_KEY_CHARACTERS) {
      throw refused(`entry ${index} has a partition key of ${characters} characters`);
    }
    const key = entry.explicitHashKey;
    if (key !== undefined && (!/^(0|[1-9]\d{0,38})$/.test(key) || BigInt(key) >= HASH_SPACE)) {
      throw refused(`entry ${index} has the explicit hash key "${key}"`);
    }
  }
  if (requestBytes > MAX_REQUEST_BYTES) throw refused(`${requestBytes} bytes of ${MAX_REQUEST_BYTES}`);
}
