import { onTestFinished } from 'vitest';
import type { Clock } from '../../../src/lib/clock.js';
import type { Pause } from '../../../src/lib/timers.js';
import type { InfluxSinkOptions } from '../../../src/sink/influx/influx-options.js';
import { InfluxSink } from '../../../src/sink/influx/influx-sink.js';
import { type FakeStore, type Script, startFakeStore } from '../../support/fake-store.js';

export interface Warning {
  readonly fields: Record<string, unknown>;
  readonly sentence: string;
}

export interface Steered {
  readonly sink: InfluxSink;
  readonly store: FakeStore;
  readonly warnings: readonly Warning[];
  /** Every pause that the sink asked for, in ms; none takes time. */
  readonly pausesMs: readonly number[];
}

/** Returns a sink against a scripted store. Pauses take no time but move the clock; the jitter is at its upper end. */
export async function steeredSink(
  script: Script,
  options: Partial<InfluxSinkOptions> = {},
): Promise<Steered> {
  const store = await startFakeStore(script);
  const warnings: Warning[] = [];
  const pausesMs: number[] = [];
  let nowMs = 0;
  const clock: Clock = { nowNs: () => 1_732_155_786_123_456_789n, monotonicMs: () => nowMs };
  const pause: Pause = async (ms, signal) => {
    if (signal?.aborted === true) return;
    pausesMs.push(ms);
    nowMs += ms;
  };
  const sink = new InfluxSink(
    { url: store.url, version: 2, org: 'iot', bucket: 'iotdata', token: 'secret', ...options },
    { clock, random: () => 1, pause, warn: (fields, sentence) => warnings.push({ fields, sentence }) },
  );
  onTestFinished(async () => {
    await sink.close();
    await store.stop();
  });
  return { sink, store, warnings, pausesMs };
}
