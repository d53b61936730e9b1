import type { Socket } from 'node:net';
import { connectToLockHolder } from '../data-directory/directory-lock.js';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';

/**
 * Connects to the gateway that holds the data directory; resolves with undefined when none runs. Rejects with
 * CONTROL_FAILED when one may run that this user cannot reach.
 */
export async function findGateway(dataDirectory: string): Promise<Socket | undefined> {
  try {
    return await connectToLockHolder(dataDirectory);
  } catch (thrown) {
    if (['ECONNREFUSED', 'ENOENT', 'ENOTDIR'].includes(systemErrorCode(thrown) ?? '')) return undefined;
    throw new SluiceError(
      'CONTROL_FAILED',
      `the gateway that runs on ${dataDirectory} cannot be reached: ${errorText(thrown)}; run this as the same user`,
    );
  }
}
