import { SluiceError } from '../../errors.js';

/** Resolves after `ms`; rejects with SINK_ABORTED as soon as `signal` aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

export const pauseOnTimer: Pause = (ms, signal) =>
  new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(sinkAborted());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });

export function sinkAborted(): SluiceError {
  return new SluiceError(
    'SINK_ABORTED',
    'writing to InfluxDB was stopped; nothing is lost, the same points are written again later',
  );
}
