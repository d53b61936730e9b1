import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { energy } from '../../../simulators/scenarios/energy.js';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 0, 31, 8, 0, 0);

interface Payload {
  time: string;
  power: number;
  voltage: number;
  current: number;
  energy: number;
  relay: boolean;
}

function meter(seed: number, index: number, dayMs = DAY_MS) {
  const device = energy.device(index, { seed, idPrefix: '', dayMs, storyMs: 0 });
  return (tick: number, elapsedMs: number): Payload =>
    JSON.parse(
      device.payload({ tick, elapsedMs, timestampMs: START_MS + Math.floor(elapsedMs), stepMs: 1000 }),
    );
}

describe('energy', () => {
  it('gives golden first values for a seed', () => {
    expect(energy.device(5, { seed: 7, idPrefix: '', dayMs: DAY_MS, storyMs: 0 }).topic).toBe(
      'energy/building-2/meter-006/telemetry',
    );
    expect(meter(7, 0)(0, 0)).toMatchInlineSnapshot(`
      {
        "current": 0.6,
        "energy": 2482.993503,
        "power": 137.4,
        "relay": true,
        "time": "2026-01-31T08:00:00.000Z",
        "voltage": 229.1,
      }
    `);
    expect(meter(7, 1)(1, 1500)).toMatchInlineSnapshot(`
      {
        "current": 0.436,
        "energy": 4253.563602,
        "power": 101.1,
        "relay": true,
        "time": "2026-01-31T08:00:01.500Z",
        "voltage": 231.6,
      }
    `);
  });

  it('has a counter that never falls, whatever the seed, the rhythm and the length of a day', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(200),
        fc.double({ min: 1, max: 3_600_000, noNaN: true }),
        fc.constantFrom(60_000, 600_000, DAY_MS),
        (seed, index, stepMs, dayMs) => {
          const read = meter(seed, index, dayMs);
          let last = -1;
          for (let tick = 0; tick < 200; tick++) {
            const { energy: counter } = read(tick, tick * stepMs);
            expect(counter).toBeGreaterThanOrEqual(last);
            last = counter;
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('counts what the power says', () => {
    const read = meter(3, 2);
    let usedWh = 0;
    for (let tick = 0; tick < 86_400; tick += 10) usedWh += read(tick, tick * 1000).power * (10 / 3600);
    const countedWh = (read(0, DAY_MS).energy - read(0, 0).energy) * 1000;
    expect(Math.abs(usedWh - countedWh) / countedWh).toBeLessThan(0.01);
  });

  it('has no power while the relay is open, and both states in a day', () => {
    const read = meter(3, 2);
    const states = new Set<boolean>();
    for (let tick = 0; tick < 1440; tick++) {
      const { relay, power, current } = read(tick, tick * 60_000);
      states.add(relay);
      expect(power > 0).toBe(relay);
      expect(current > 0).toBe(relay);
    }
    expect(states.size).toBe(2);
  });

  it('writes RFC 3339 time in UTC', () => {
    expect(meter(1, 0)(0, 5).time).toBe('2026-01-31T08:00:00.005Z');
  });
});
