import { describe, expect, it } from 'vitest';
import { NO_FAULTS } from '../../simulators/faults.js';
import type { SimulateOptions } from '../../simulators/options.js';
import { type RunContext, runSimulation } from '../../simulators/run.js';
import type { Summary } from '../../simulators/summary.js';
import type { Tally } from '../../simulators/tally.js';
import { RUN_OPTIONS } from './run-options.js';
import { distinct, tinyBroker } from './tiny-broker.js';

const FLEET: SimulateOptions = {
  ...RUN_OPTIONS,
  scenario: 'climate',
  devices: 10,
  connections: 4,
  rate: 'max',
  count: 2000,
};

function run(options: Partial<SimulateOptions>, context: Partial<RunContext> = {}): Promise<Summary> {
  return runSimulation({ ...FLEET, ...options }, { stop: new AbortController().signal, ...context });
}

function expectBalance(summary: Summary): void {
  const { published, acknowledged, unacknowledged, unconfirmed, readings, faults } = summary;
  expect(acknowledged + unacknowledged + unconfirmed).toBe(published);
  expect(readings + faults.duplicated).toBe(published);
}

describe.each([0, 1, 2] as const)('QoS %i', (qos) => {
  it('publishes every message once and balances its counters', async () => {
    const { url, received } = await tinyBroker();
    const summary = await run({ url, qos });
    expectBalance(summary);
    expect(summary).toMatchObject({ published: 2000, stoppedBy: 'count', reconnects: 0 });
    expect(summary.acknowledged).toBe(qos === 0 ? 0 : 2000);
    expect(summary.latencyMs === null).toBe(qos === 0);
    // A QoS 0 run ends when its last bytes are written; the broker may read them a moment later.
    await expect.poll(() => received.length).toBe(2000);
    expect(distinct(received).size).toBe(2000);
    expect(new Set(received.map(({ clientId }) => clientId)).size).toBe(4);
  });
});

it('tries again until the broker is up, within the time-out', async () => {
  let drops = 3;
  const { url } = await tinyBroker({ drop: () => drops-- > 0 });
  expect(await run({ url, connections: 2 })).toMatchObject({ acknowledged: 2000, reconnects: 0 });
});

it('speaks MQTT over WebSocket', async () => {
  const { url, received } = await tinyBroker({ protocol: 'ws' });
  expect(url).toMatch(/^ws:/);
  const summary = await run({ url, rate: 4000, count: 1000, disconnectsPerSecond: 10 });
  expect(summary).toMatchObject({ published: 1000, acknowledged: 1000 });
  expect(distinct(received).size).toBe(1000);
});

it('injects each fault at about the asked share, the same ones for the same seed', async () => {
  const { url, received } = await tinyBroker();
  const faults = { late: 0.02, duplicated: 0.02, outOfOrder: 0.02, malformed: 0.02, wrongClock: 0.02 };
  const options = { url, faults, startAtMs: Date.UTC(2026, 0, 31), count: 5000 };
  const summary = await run(options);
  expectBalance(summary);
  expect(summary.acknowledged).toBe(5000);
  for (const fault of ['late', 'duplicated', 'outOfOrder', 'malformed', 'wrongClock'] as const) {
    expect(summary.faults[fault]).toBeGreaterThan(60);
    expect(summary.faults[fault]).toBeLessThan(140);
  }
  const first = distinct(received);
  received.length = 0;
  expect((await run({ ...options, connections: 1 })).acknowledged).toBe(5000);
  const unparsable = received.filter(({ payload }) => {
    try {
      JSON.parse(payload.toString());
      return false;
    } catch {
      return true;
    }
  });
  expect(unparsable.length).toBe(summary.faults.malformed);
  // Lanes end at their own last message, so a copy at the very end may fall differently.
  const second = distinct(received);
  const onlyFirst = [...first].filter((text) => !second.has(text));
  expect(onlyFirst.length).toBeLessThan(50);
});

describe('a killed connection', () => {
  it.each([1, 2] as const)(
    'QoS %i: what was not acknowledged is sent again, nothing is lost',
    async (qos) => {
      let kills = 0;
      const { url, received } = await tinyBroker({
        // Never at a resent message: MQTT.js reports `connect` after it has resent, and a kill before that is not a reconnect.
        withhold: ({ isResent }, count, socket) => {
          if (isResent || count < 150 * (kills + 1) || kills === 10) return false;
          kills++;
          socket.destroy();
          return true;
        },
      });
      const summary = await run({ url, qos, connections: 2, inFlight: 30 });
      expectBalance(summary);
      expect(summary).toMatchObject({ published: 2000, acknowledged: 2000 });
      expect(kills).toBe(10);
      // The run may end before the last reconnect is reported: the other connection can publish all the rest
      // meanwhile, and then the acknowledgements of the resent messages, which come before `connect`, are the last.
      expect(summary.reconnects).toBeGreaterThanOrEqual(9);
      expect(summary.reconnects).toBeLessThanOrEqual(10);
      expect(distinct(received).size).toBe(2000);
      // At the least the ten that never got their acknowledgement came twice.
      expect(received.length).toBeGreaterThanOrEqual(2010);
    },
  );

  it('publishes nothing while it is down', async () => {
    const publishedAtTry: number[] = [];
    let tally: Tally | undefined;
    let down = false;
    const { url } = await tinyBroker({
      withhold: (_received, _count, socket) => {
        down = true;
        socket.destroy();
        return true;
      },
      drop: () => {
        if (down && tally) publishedAtTry.push(tally.published);
        return down;
      },
    });
    const stop = new AbortController();
    const done = run(
      { url, connections: 1, rate: 1000, inFlight: 10_000, ackTimeoutMs: 100 },
      {
        stop: stop.signal,
        onStart: (live) => {
          tally = live;
        },
      },
    );
    await expect.poll(() => publishedAtTry.length, { timeout: 20_000 }).toBeGreaterThan(2);
    stop.abort();
    const summary = await done;
    expectBalance(summary);
    expect(summary).toMatchObject({ acknowledged: 0, unacknowledged: publishedAtTry[0] });
  });

  it('by --disconnects is counted and survived', async () => {
    const { url, received } = await tinyBroker();
    const summary = await run({ url, rate: 2000, count: 3000, disconnectsPerSecond: 20 });
    expectBalance(summary);
    expect(summary.acknowledged).toBe(3000);
    expect(summary.faults.disconnects).toBeGreaterThan(0);
    expect(summary.reconnects).toBeGreaterThan(0);
    expect(distinct(received).size).toBe(3000);
  });
});

it('never has more without acknowledgement than --in-flight on a connection', async () => {
  const open = new Map<string, number>();
  let most = 0;
  const { url } = await tinyBroker({
    withhold: ({ clientId }) => {
      open.set(clientId, (open.get(clientId) ?? 0) + 1);
      most = Math.max(most, open.get(clientId)!);
      return true;
    },
  });
  const stop = new AbortController();
  const done = run(
    { url, count: 500, connections: 2, inFlight: 7, ackTimeoutMs: 100 },
    { stop: stop.signal },
  );
  await expect.poll(() => [...open.values()]).toEqual([7, 7]);
  stop.abort();
  expect(await done).toMatchObject({
    published: 14,
    acknowledged: 0,
    unacknowledged: 14,
    stoppedBy: 'signal',
  });
  expect(most).toBe(7);
});

it('stops after --duration with everything acknowledged', async () => {
  const { url, received } = await tinyBroker();
  const { count: _count, ...endless } = FLEET;
  const summary = await runSimulation(
    { ...endless, url, rate: 500, durationMs: 400, faults: { ...NO_FAULTS, late: 0.1 } },
    { stop: new AbortController().signal },
  );
  expect(summary).toMatchObject({ stoppedBy: 'duration', unacknowledged: 0 });
  expect(summary.faults.late).toBeGreaterThan(0);
  expect(received.length).toBe(summary.published);
});

it('told to stop while it connects, it ends without publishing', async () => {
  const stop = new AbortController();
  const done = run({ connectTimeoutMs: 60_000 }, { stop: stop.signal });
  stop.abort();
  expect(await done).toMatchObject({ stoppedBy: 'signal', published: 0 });
});
