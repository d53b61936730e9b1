import { open } from 'node:fs/promises';

/** Makes created, renamed and removed names of a directory durable. Without it a new file can be gone after a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows cannot open a directory for this; its file system journals names by itself.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
