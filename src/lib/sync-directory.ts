import { closeDurable, open } from './files.js';

/**
 * Makes the names that were created, renamed or removed in a directory durable: without it a power cut can undo them,
 * and a new file is gone. It has a file of its own so that tests can watch the order in which names become durable.
 */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows cannot open a directory for this; its file system keeps names safe without it.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await closeDurable(handle);
  }
}
