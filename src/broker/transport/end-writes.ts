import type { Duplex } from 'node:stream';

/** Sends what is still buffered for a client, and waits for half a second at most. */
export function endWrites(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 500);
    stream.end(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
