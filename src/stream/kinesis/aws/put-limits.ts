import { SluiceError } from '../../../errors.js';
import type { PutEntry } from '../kinesis-api.js';

/** PutRecords. AWS names 10 MiB since 2025-10, and 5 MiB on older pages. */
const MAX_ENTRIES = 500;
const MAX_REQUEST_BYTES = 5 * 1024 * 1024;

/**
 * Throws KINESIS_REQUEST_REFUSED for a request too large to be sent: some stand-ins take it, and others answer what
 * cannot be read. Limits of one record are the stream's own, and Kinesis checks them.
 */
export function checkPutLimits(entries: readonly PutEntry[], streamName: string): void {
  if (entries.length === 0 || entries.length > MAX_ENTRIES) {
    throw refused(streamName, `${entries.length} entries, 1 to ${MAX_ENTRIES} are allowed`);
  }
  let requestBytes = 0;
  for (const entry of entries) requestBytes += entry.data.length + Buffer.byteLength(entry.partitionKey);
  if (requestBytes > MAX_REQUEST_BYTES) {
    throw refused(streamName, `${requestBytes} bytes, ${MAX_REQUEST_BYTES} are allowed`);
  }
}

function refused(streamName: string, reason: string): SluiceError {
  return new SluiceError('KINESIS_REQUEST_REFUSED', `PutRecords on stream ${streamName}: ${reason}`);
}
