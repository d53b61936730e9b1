import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { pauseOn } from '../../src/lib/timers.js';

/** Timers that the test fires; `waiting` are those neither fired nor cancelled. */
function timers() {
  const waiting = new Map<() => void, number>();
  const pause = pauseOn((ms, run) => {
    waiting.set(run, ms);
    return () => void waiting.delete(run);
  });
  return { pause, waiting };
}

describe('a pause', () => {
  it('ends when its time is over, and leaves no listener on the signal', async () => {
    const { pause, waiting } = timers();
    const { signal } = new AbortController();
    const pausing = pause(70, signal);
    expect([...waiting.values()]).toEqual([70]);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const fire of waiting.keys()) fire();
    await pausing;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('ends without an error when the signal aborts, and leaves no timer', async () => {
    const { pause, waiting } = timers();
    const stop = new AbortController();
    const pausing = pause(70, stop.signal);
    stop.abort();
    await pausing;
    expect(waiting.size).toBe(0);
  });

  it('does not begin when the signal has aborted', async () => {
    const { pause, waiting } = timers();
    await pause(70, AbortSignal.abort());
    expect(waiting.size).toBe(0);
  });
});
