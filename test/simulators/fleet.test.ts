import { describe, expect, it } from 'vitest';
import { planFleets } from '../../simulators/fleet.js';
import { RUN_OPTIONS } from './run-options.js';

describe('planFleets', () => {
  it('refuses more than a reading a second from a city, and says how many devices it takes', () => {
    expect(() => planFleets({ ...RUN_OPTIONS, rate: 5 })).toThrow(/2\.5 a second each.*at least 5 devices/);
    expect(() => planFleets({ ...RUN_OPTIONS, rate: 'max' })).toThrow(/--start-at/);
    expect(() => planFleets({ ...RUN_OPTIONS, scenario: 'climate', rate: 2001 })).toThrow(/--rate/);
  });

  it('lets simulated time run ahead by whole seconds with --start-at', () => {
    const [fleet] = planFleets({ ...RUN_OPTIONS, rate: 100, startAtMs: 0 });
    expect(fleet).toMatchObject({ paceUs: 20_000, stepUs: 1_000_000 });
  });

  it('keeps the cities of `all` to one reading a second and gives the rest to the others', () => {
    const fleets = planFleets({ ...RUN_OPTIONS, scenario: 'all', devices: 32, rate: 1000, count: 10_000 });
    expect(fleets.map(({ devices }) => devices.length)).toEqual([2, 20, 10]);
    expect(fleets.map(({ firstIndex }) => firstIndex)).toEqual([0, 2, 22]);
    expect(fleets.map(({ paceUs, devices }) => Math.round((devices.length / paceUs) * 1e6))).toEqual([
      2, 665, 333,
    ]);
    expect(fleets.reduce((sum, { messages }) => sum + messages, 0)).toBe(10_000);
  });

  it('refuses an interval below the resolution', () => {
    expect(() => planFleets({ ...RUN_OPTIONS, startAtMs: 0, intervalMs: 500 })).toThrow(/--interval/);
  });

  it('refuses `all` with fewer devices than its scenarios need', () => {
    expect(() => planFleets({ ...RUN_OPTIONS, scenario: 'all', devices: 3 })).toThrow(/at least 4/);
  });
});
