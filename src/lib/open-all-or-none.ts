/** Registers how to close what has just been opened. */
export type Opened = (close: () => unknown) => void;

/**
 * Runs `open`, which opens several things one after the other and registers each with `opened`. When it fails, they are
 * closed, the newest first, and the promise rejects with its failure.
 */
export async function openAllOrNone<T>(open: (opened: Opened) => Promise<T>): Promise<T> {
  const closes: (() => unknown)[] = [];
  try {
    return await open((close) => closes.push(close));
  } catch (thrown) {
    for (const close of closes.reverse()) await closeQuietly(close);
    throw thrown;
  }
}

/** A failure to close must not hide why opening failed. */
async function closeQuietly(close: () => unknown): Promise<void> {
  try {
    await close();
  } catch {}
}
