import { stat } from 'node:fs/promises';
import { SluiceError } from '../lib/errors.js';

/** Journals and store would belong to this user: the gateway could not open them any more. */
export async function failAsOtherUser(root: string): Promise<void> {
  const { uid } = await stat(root);
  if (process.getuid === undefined || process.getuid() === uid) return;
  throw new SluiceError(
    'DATA_DIRECTORY_UNUSABLE',
    `the data directory ${root} belongs to the user with the id ${uid}, and no gateway runs on it; ` +
      'run this as that user, or while the gateway runs',
  );
}
