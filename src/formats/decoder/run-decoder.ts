import type { MessagePort } from 'node:worker_threads';

/** What a decoder's thread begins with. */
export interface DecoderStart {
  readonly url: string;
  readonly port: MessagePort;
  /** Set to 1 and notified when an answer is in the port. */
  readonly signal: Int32Array;
}

/** One payload for the decoder. */
export interface DecoderCall {
  readonly payload: Uint8Array;
  readonly topic: string;
  readonly receivedAtNs: bigint;
}

/** `error` is one line; `ready` says that the decoder was loaded. */
export type DecoderAnswer =
  | { readonly value: unknown }
  | { readonly error: string }
  | { readonly ready: true };

/**
 * What runs in the thread of a decoder. Its text is the program of that thread, which has no module of ours: it may use nothing
 * but its parameters and what is global.
 */
export function runDecoder(
  { url, port, signal }: DecoderStart,
  importModule: (url: string) => Promise<{ readonly default?: unknown }>,
): void {
  const answer = (message: DecoderAnswer) => {
    try {
      port.postMessage(message);
    } catch (thrown) {
      // The value holds a function, for example.
      port.postMessage({ error: firstLine(thrown) });
    }
    Atomics.store(signal, 0, 1);
    Atomics.notify(signal, 0);
  };
  const firstLine = (thrown: unknown) => {
    const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    return text.split('\n')[0] as string;
  };
  importModule(url).then(
    ({ default: decode }) => {
      if (typeof decode !== 'function') {
        answer({ error: 'its default export is not a function' });
        return;
      }
      port.on('message', ({ payload, ...context }: DecoderCall) => {
        try {
          const value: unknown = decode(payload, context);
          const isPromise = value instanceof Promise;
          answer(isPromise ? { error: 'it returns a promise; a decoder returns its value' } : { value });
        } catch (thrown) {
          answer({ error: firstLine(thrown) });
        }
      });
      answer({ ready: true });
    },
    (thrown) => answer({ error: firstLine(thrown) }),
  );
}
