import type { Socket } from 'node:net';
import { loadDataDirectory, openConfig } from '../config/load-config.js';
import { connectToLockHolder } from '../data-directory/directory-lock.js';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';

/**
 * Connects to the gateway that holds the data directory; resolves with undefined when none runs. Rejects with
 * CONTROL_FAILED when one may run that this user cannot reach, or when another user may have made its socket.
 */
export async function findGateway(dataDirectory: string): Promise<Socket | undefined> {
  try {
    return await connectToLockHolder(dataDirectory);
  } catch (thrown) {
    if (thrown instanceof SluiceError) throw thrown;
    if (['ECONNREFUSED', 'ENOENT', 'ENOTDIR'].includes(systemErrorCode(thrown) ?? '')) return undefined;
    throw new SluiceError(
      'CONTROL_FAILED',
      `the gateway that runs on ${dataDirectory} cannot be reached: ${errorText(thrown)}; run this as the same user`,
    );
  }
}

/**
 * Connects to the gateway on the data directory that a configuration names; nothing else of the file is needed. Rejects when
 * none runs, with the problems of the configuration if it has some.
 */
export async function gatewayOf(
  config: string | undefined,
): Promise<{ readonly gateway: Socket; readonly directory: string }> {
  const directory = await loadDataDirectory(config);
  const gateway = await findGateway(directory);
  if (gateway !== undefined) return { gateway, directory };
  const { file } = await openConfig(config, { secrets: 'optional' });
  throw new SluiceError(
    'CONTROL_FAILED',
    `no gateway runs on ${directory}, the data directory of ${file ?? 'the built-in defaults'}`,
  );
}
