import { describe, expect, it } from 'vitest';
import type { RunClock } from '../../simulators/clock.js';
import { afterHistory, historyReadings, historyStages } from '../../simulators/history.js';
import type { SimulateOptions } from '../../simulators/options.js';
import { type RunContext, runSimulation } from '../../simulators/run.js';
import { RUN_OPTIONS } from './run-options.js';
import { DAY_MS, HOUR_MS, STORY_MS } from './story-readings.js';
import { distinct, type Received, tinyBroker } from './tiny-broker.js';

const MINUTE_MS = 60_000;
const DEMO: SimulateOptions = {
  ...RUN_OPTIONS,
  scenario: 'demo',
  devices: 20,
  connections: 5,
  rate: 200,
  storyMs: STORY_MS,
  history: { pastMs: 4 * HOUR_MS, intervalMs: MINUTE_MS },
};

/** A clock that shows `atMs` now and goes on from there. */
function clockFrom(atMs: number): RunClock {
  const startMs = performance.now();
  return { wallMs: () => atMs + performance.now() - startMs, monotonicMs: () => performance.now() };
}

function run(options: Partial<SimulateOptions>, context: Partial<RunContext> = {}) {
  return runSimulation(
    { ...DEMO, ...options },
    { stop: new AbortController().signal, clock: clockFrom(STORY_MS), ...context },
  );
}

/** Times in the payloads of each topic, in the order of arrival; nonsense has none. */
function timesByTopic(received: readonly Received[]): Map<string, number[]> {
  const times = new Map<string, number[]>();
  for (const { topic, payload } of received) {
    const timestamp = /"timestamp":(\d+)/.exec(payload.toString())?.[1];
    if (timestamp !== undefined) times.set(topic, [...(times.get(topic) ?? []), Number(timestamp)]);
  }
  return times;
}

function timesInOrder(received: readonly Received[]): readonly number[] {
  return [...timesByTopic(received).values()].flat();
}

describe('historyStages', () => {
  it('is on one grid of time whenever it starts, denser in the last quarter of an hour', () => {
    const history = { pastMs: DAY_MS, intervalMs: MINUTE_MS };
    const stages = historyStages(history, STORY_MS + 17_123);
    expect(stages.map(({ startMs, untilMs, intervalMs }) => [startMs, untilMs, intervalMs])).toEqual([
      [STORY_MS - DAY_MS, STORY_MS - 15 * MINUTE_MS - 1, MINUTE_MS],
      [STORY_MS - 15 * MINUTE_MS, STORY_MS + 10_000 - 1, 5000],
      [STORY_MS + 10_000, STORY_MS + 17_123, 5000],
    ]);
    const later = historyStages(history, STORY_MS + 59_999);
    expect(later.slice(0, 2).map(({ startMs }) => startMs)).toEqual(
      stages.slice(0, 2).map(({ startMs }) => startMs),
    );
  });

  it('has one distance when it is short, and none below the resolution of a scenario', () => {
    const short = historyStages({ pastMs: 10 * MINUTE_MS, intervalMs: MINUTE_MS }, STORY_MS);
    expect(short.map(({ intervalMs }) => intervalMs)).toEqual([MINUTE_MS, MINUTE_MS]);
    const fine = historyStages({ pastMs: HOUR_MS, intervalMs: 2000 }, STORY_MS);
    expect(fine.map(({ intervalMs }) => intervalMs)).toEqual([2000, 1000, 1000]);
  });

  it('counts readings and time on through all stages', () => {
    const stages = historyStages({ pastMs: HOUR_MS, intervalMs: MINUTE_MS }, STORY_MS + 1);
    expect(stages.map(({ before }) => before)).toEqual([
      { ticks: 0, elapsedMs: 0 },
      { ticks: 45, elapsedMs: 45 * MINUTE_MS },
      { ticks: 45 + 15 * 12 - 1, elapsedMs: HOUR_MS - 5000 },
    ]);
    const { startMs, before } = afterHistory(stages);
    expect(startMs).toBeGreaterThan(STORY_MS + 1);
    expect(before.ticks).toBe(45 + 15 * 12 + 1);
    expect(before.elapsedMs).toBe(startMs - stages[0]!.startMs);
  });
});

describe('a run with a history', () => {
  it('sends each device at each time of the grid, then the readings of now without a gap', async () => {
    const { url, received } = await tinyBroker();
    let announced = 0;
    const summary = await run(
      { url, durationMs: 1000 },
      {
        onHistory: (_tally, readings) => {
          announced = readings;
        },
      },
    );
    expect(summary).toMatchObject({ stoppedBy: 'duration', unacknowledged: 0 });
    expect(summary.acknowledged).toBe(received.length);
    expect(summary.history).toBeLessThanOrEqual(announced + 20);
    expect(summary.history).toBeGreaterThan(0.9 * announced);
    const times = timesByTopic(received);
    expect(times.size).toBe(20);
    // The newest first, so that none seems to be silent meanwhile.
    expect(Math.min(...timesInOrder(received.slice(0, 15)))).toBeGreaterThan(STORY_MS - 10_000);
    for (const [topic, unsorted] of times) {
      const ofDevice = unsorted.toSorted((one, other) => one - other);
      expect(new Set(ofDevice).size).toBe(ofDevice.length);
      const first = ofDevice[0]!;
      expect(first).toBeGreaterThanOrEqual(STORY_MS - 4 * HOUR_MS);
      expect(first).toBeLessThan(STORY_MS - 4 * HOUR_MS + MINUTE_MS);
      if (topic.includes('cold-03')) {
        expect(ofDevice.at(-1)).toBeLessThan(STORY_MS - 3 * HOUR_MS);
        continue;
      }
      // It sends a text without a time every 100 s.
      const isBroken = topic.includes('pump');
      for (const [at, time] of ofDevice.entries()) {
        const gapMs = time - (ofDevice[at - 1] ?? time);
        if (!isBroken) expect(gapMs).toBeLessThanOrEqual(MINUTE_MS + 5000);
        if (time > STORY_MS - 10 * MINUTE_MS && !isBroken) expect(gapMs).toBeLessThanOrEqual(7000);
      }
      if (!isBroken) expect(ofDevice.at(-1)).toBeGreaterThan(STORY_MS);
    }
  });

  it('sends the same messages in a second run', async () => {
    const { url, received } = await tinyBroker();
    const history = () => {
      const texts = [...distinct(received)].filter((text) => {
        const timestamp = /"timestamp":(\d+)/.exec(text)?.[1];
        return timestamp !== undefined && Number(timestamp) <= STORY_MS;
      });
      received.length = 0;
      return texts.sort();
    };
    await run({ url, count: 1 });
    const first = history();
    await run({ url, count: 1, connections: 20 });
    expect(history()).toEqual(first);
    expect(first.length).toBeGreaterThan(5000);
  });

  it('continues numbers and time of the other scenarios, without faults in the past', async () => {
    const { url, received } = await tinyBroker();
    const summary = await run({
      url,
      scenario: 'climate',
      devices: 3,
      connections: 3,
      count: 6,
      history: { pastMs: HOUR_MS, intervalMs: MINUTE_MS },
      faults: { ...RUN_OPTIONS.faults, malformed: 1 },
    });
    expect(summary.faults.malformed).toBe(6);
    expect(summary.published - summary.history).toBe(6);
    for (const ofDevice of timesByTopic(received).values()) {
      expect(new Set(ofDevice).size).toBe(ofDevice.length);
    }
  });

  it('a signal ends it at once', async () => {
    const { url, received } = await tinyBroker();
    const stop = new AbortController();
    const summary = await run(
      { url, history: { pastMs: DAY_MS, intervalMs: MINUTE_MS } },
      {
        stop: stop.signal,
        onHistory: (tally) => {
          const watch = setInterval(() => {
            if (tally.acknowledged < 1000) return;
            clearInterval(watch);
            stop.abort();
          }, 1);
        },
        onStart: () => expect.unreachable('the history was to be stopped'),
      },
    );
    expect(summary).toMatchObject({ stoppedBy: 'signal', unacknowledged: 0 });
    expect(summary.published).toBeLessThan(20_000);
    expect(summary.history).toBe(summary.published);
    expect(received.length).toBe(summary.published);
  });

  it('says how many readings there will be', () => {
    const stages = historyStages({ pastMs: DAY_MS, intervalMs: MINUTE_MS }, STORY_MS);
    expect(historyReadings(stages, 20)).toBe(20 * (24 * 60 - 15) + 20 * 15 * 12);
  });
});
