import { describe, expect, it } from 'vitest';
import { climate } from '../../../simulators/scenarios/climate.js';

const DAY_MS = 86_400_000;
const CONTEXT = { seed: 7, idPrefix: '', dayMs: DAY_MS, storyMs: 0 };
const START_MS = Date.UTC(2026, 0, 31, 8, 0, 0);

interface Payload {
  timestamp: number;
  temperature: number;
  humidity: number;
  pressure: number;
  status: { battery: number; rssi: number };
}

function reading(index: number, tick: number, elapsedMs: number): Payload {
  const device = climate.device(index, CONTEXT);
  return JSON.parse(device.payload({ tick, elapsedMs, timestampMs: START_MS + elapsedMs, stepMs: 1000 }));
}

describe('climate', () => {
  it('gives golden first values for a seed', () => {
    expect(climate.device(0, CONTEXT).topic).toBe('climate/harbour/climate-001/telemetry');
    expect(reading(0, 0, 0)).toMatchInlineSnapshot(`
      {
        "humidity": 48.2,
        "pressure": 1014.1,
        "status": {
          "battery": 54.9,
          "rssi": -82,
        },
        "temperature": 16.74,
        "timestamp": 1769846400000,
      }
    `);
    expect(reading(3, 1, 1000)).toMatchInlineSnapshot(`
      {
        "humidity": 52.3,
        "pressure": 1004.3,
        "status": {
          "battery": 92.5,
          "rssi": -80,
        },
        "temperature": 13.81,
        "timestamp": 1769846401000,
      }
    `);
  });

  it('is warmer in the warm quarter of its day than in the cold one', () => {
    for (let index = 0; index < 20; index++) {
      const warm = reading(index, 1, 0.25 * DAY_MS);
      const cold = reading(index, 2, 0.75 * DAY_MS);
      expect(warm.temperature).toBeGreaterThan(cold.temperature + 1);
      expect(warm.humidity).toBeLessThan(cold.humidity);
    }
  });

  it('has noise: readings at one simulated time differ', () => {
    const values = new Set(Array.from({ length: 50 }, (_, tick) => reading(0, tick, 0).temperature));
    expect(values.size).toBeGreaterThan(10);
  });

  it('stays inside what sensors can read, for years', () => {
    for (let day = 0; day < 1500; day++) {
      const { temperature, humidity, pressure, status } = reading(day % 20, day, day * 1.13 * DAY_MS);
      expect(temperature).toBeGreaterThan(-20);
      expect(temperature).toBeLessThan(50);
      expect(humidity).toBeGreaterThanOrEqual(0);
      expect(humidity).toBeLessThanOrEqual(100);
      expect(pressure).toBeGreaterThan(950);
      expect(pressure).toBeLessThan(1050);
      expect(status.battery).toBeGreaterThanOrEqual(0);
      expect(status.battery).toBeLessThanOrEqual(100);
    }
  });
});
