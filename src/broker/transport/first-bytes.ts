import type { Duplex } from 'node:stream';
import { whenOver } from './when-over.js';

/** What a parser makes of the first bytes: it needs more, or is done with `length` of them. */
export type Parsed<T> = 'more' | { readonly value: T; readonly length: number };

export type FirstBytes<T> =
  | { readonly kind: 'parsed'; readonly value: T }
  | { readonly kind: 'timeout'; readonly bytes: number }
  | { readonly kind: 'closed' };

/**
 * Reads the first bytes of a connection until `parse` is done with them, and gives back those that it does not take. It
 * never rejects: an error of the socket counts as its end. `parse` must bound what it asks for.
 */
export function readFirstBytes<T>(
  socket: Duplex,
  timeoutMs: number,
  parse: (bytes: Buffer) => Parsed<T>,
): Promise<FirstBytes<T>> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const finish = (outcome: FirstBytes<T>) => {
      stopTimer();
      socket.off('readable', onReadable);
      socket.off('close', onClose);
      socket.off('end', onClose);
      resolve(outcome);
    };
    const onReadable = () => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const parsed = parse(bytes);
      if (parsed === 'more') return;
      const rest = bytes.subarray(parsed.length);
      if (rest.length > 0) socket.unshift(rest);
      finish({ kind: 'parsed', value: parsed.value });
    };
    const onClose = () => finish({ kind: 'closed' });
    const stopTimer = whenOver(timeoutMs, () => finish({ kind: 'timeout', bytes: bytes.length }));
    socket.on('readable', onReadable);
    socket.once('close', onClose);
    socket.once('end', onClose);
  });
}
