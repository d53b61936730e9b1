import { systemErrorCode } from './errors.js';

/** The result of `work` on a file; `undefined` when there is no such file, or another process has just removed it. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
