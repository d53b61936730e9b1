import { SluiceError } from '../../errors.js';
import type { Pause } from '../../pause.js';

export function sinkAborted(): SluiceError {
  return new SluiceError(
    'SINK_ABORTED',
    'writing to InfluxDB was stopped; nothing is lost, the same points are written again later',
  );
}

/** Rejects with SINK_ABORTED as soon as `signal` aborts. */
export async function pauseUnlessAborted(pause: Pause, ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, signal);
  if (signal.aborted) throw sinkAborted();
}
