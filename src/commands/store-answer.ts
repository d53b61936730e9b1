import type { FileHandle } from 'node:fs/promises';
import { rm } from 'node:fs/promises';
import { loadConfig, loadDataDirectory } from '../config/load-config.js';
import { askQuery } from '../control/ask-query.js';
import { dataDirectory } from '../data-directory/data-directory.js';
import { openDataDirectory } from '../data-directory/open-directory.js';
import { open } from '../lib/files.js';
import { VERSION } from '../lib/package-root.js';
import { openQueries, queriedStore } from '../sink/open-queries.js';
import type { StoreQuery, StoreQueryAnswer } from '../sink/store-query.js';
import { failAsOtherUser } from './fail-as-other-user.js';
import { findGateway } from './find-gateway.js';

const PROGRESS_EVERY_MS = 500;

/** An answer, in a file that has no name any more. The caller closes it. */
export interface OpenAnswer extends Omit<StoreQueryAnswer, 'path'> {
  readonly file: FileHandle;
}

/**
 * Lets the running gateway answer a query. When none runs, the file of the store is opened for reading under the lock of the
 * data directory, so that none starts meanwhile. `onBytes` gets how much is written.
 */
export async function storeAnswer(
  configFile: string | undefined,
  query: StoreQuery,
  onBytes: (writtenBytes: number) => void,
): Promise<OpenAnswer> {
  const { root } = dataDirectory(await loadDataDirectory(configFile));
  const gateway = await findGateway(root);
  if (gateway === undefined) return stoppedAnswer(configFile, query, onBytes);
  try {
    return await openAnswer(await askQuery(gateway, query, onBytes));
  } finally {
    gateway.destroy();
  }
}

async function stoppedAnswer(
  configFile: string | undefined,
  query: StoreQuery,
  onBytes: (writtenBytes: number) => void,
): Promise<OpenAnswer> {
  const config = await loadConfig(configFile, { secrets: 'optional' });
  const store = await queriedStore(config.sink);
  const directory = dataDirectory(config.dataDirectory);
  await failAsOtherUser(directory.root);
  const { lock } = await openDataDirectory(directory, VERSION);
  try {
    const { queries, close } = await openQueries(store);
    const progress = setInterval(() => onBytes(queries.writtenBytes() ?? 0), PROGRESS_EVERY_MS);
    try {
      return await openAnswer(await queries.answer(query, new AbortController().signal));
    } finally {
      clearInterval(progress);
      await close();
    }
  } finally {
    await lock.release();
  }
}

async function openAnswer({ path, ...about }: StoreQueryAnswer): Promise<OpenAnswer> {
  const file = await open(path);
  await rm(path, { force: true });
  return { ...about, file };
}
