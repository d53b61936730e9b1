import { isNoRoom } from '../lib/disk-room.js';
import { errorText, SluiceError } from '../lib/errors.js';

/**
 * Does `work` on `path`, a file or folder of the dead letter. What the system refuses becomes DISK_FULL when there is no
 * room, which passes, and DEAD_LETTER_FAILED otherwise; a sentence names `path`, because the system does not always.
 */
export async function namingDeadLetter<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof SluiceError) throw thrown;
    const [code, what] = isNoRoom(thrown)
      ? (['DISK_FULL', 'has no room on the disk'] as const)
      : (['DEAD_LETTER_FAILED', 'cannot be read or written'] as const);
    throw new SluiceError(code, `the dead letter in ${path} ${what}: ${errorText(thrown)}`, {
      cause: thrown,
    });
  }
}
