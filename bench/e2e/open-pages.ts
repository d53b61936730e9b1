import { setTimeout as sleep } from 'node:timers/promises';
import { MEASUREMENT } from '../processes/city-reading.js';

const CHART_EVERY_MS = 2_000;
const DEVICES_EVERY_MS = 5_000;
const LOOKS_EVERY_MS = 5_000;
const SPAN_MS = 300_000;

/**
 * Asks a gateway what so many open pages ask: the stream of states, what arrives, one chart, what needs a look, one table of
 * devices with their curves. `close` ends all.
 */
export function openPages(url: string, pages: number): { close(): Promise<number> } {
  const stop = new AbortController();
  const { signal } = stop;
  let answers = 0;
  const ask = async (path: string) => {
    const answer = await fetch(`${url}${path}`, { signal });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    answers += 1;
  };
  const every = async (ms: number, question: () => Promise<void>) => {
    while (!signal.aborted) {
      await question();
      await sleep(ms, undefined, { signal });
    }
  };
  const page = () => [
    ask('/api/live'),
    ask('/api/arrivals'),
    every(LOOKS_EVERY_MS, () => ask('/api/needs-look')),
    every(CHART_EVERY_MS, async () => {
      // As the page does: on whole buckets, so that pages ask the same.
      const toMs = Math.floor(Date.now() / CHART_EVERY_MS) * CHART_EVERY_MS;
      await ask('/api/measurements');
      const range = `from=${toMs - SPAN_MS}&to=${toMs}&buckets=150`;
      await ask(`/api/series?measurement=${MEASUREMENT}&field=temperature&by=city&${range}`).catch(
        ignoreUnknown,
      );
    }),
    every(DEVICES_EVERY_MS, () => {
      const nowMs = Date.now();
      const range = `from=${nowMs - 24 * 3_600_000}&silentBefore=${nowMs - 60_000}`;
      return ask(`/api/latest?measurement=${MEASUREMENT}&by=city&spark=48&${range}`);
    }),
  ];
  const open = Array.from({ length: pages }, page).flat();
  const ended = Promise.allSettled(open);
  // An answer that is not one is noticed when the pages are closed.
  return {
    close: async () => {
      stop.abort();
      for (const one of await ended) {
        const reason: unknown = one.status === 'rejected' ? one.reason : undefined;
        if (reason instanceof Error && reason.name !== 'AbortError') throw reason;
      }
      return answers;
    },
  };
}

/** Before the first point there is no measurement. */
function ignoreUnknown(thrown: unknown): void {
  if (!(thrown instanceof Error && thrown.message.endsWith(': 404'))) throw thrown;
}
