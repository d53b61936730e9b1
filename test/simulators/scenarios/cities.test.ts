import { describe, expect, it } from 'vitest';
import { cities } from '../../../simulators/scenarios/cities.js';

const CONTEXT = { seed: 7, idPrefix: '', dayMs: 86_400_000, storyMs: 0 };
const START_MS = Date.UTC(2026, 0, 31, 8, 0, 0);

function payloads(index: number, count: number): Record<string, unknown>[] {
  const device = cities.device(index, CONTEXT);
  return Array.from({ length: count }, (_, tick) =>
    JSON.parse(
      device.payload({ tick, elapsedMs: tick * 1000, timestampMs: START_MS + tick * 1000, stepMs: 1000 }),
    ),
  );
}

describe('cities', () => {
  it('begins with CITIMUM in Mumbai and CITIPUN in Pune', () => {
    const [mumbai, pune] = [cities.device(0, CONTEXT), cities.device(1, CONTEXT)];
    expect(mumbai.topic).toBe('sensors/mumbai/CITIMUM/telemetry');
    expect(pune.topic).toBe('sensors/pune/CITIPUN/telemetry');
    expect(Object.keys(payloads(0, 1)[0]!)).toEqual(['id', 'temperature', 'humidity', 'timestamp', 'city']);
  });

  it('gives golden first values for a seed', () => {
    expect(payloads(0, 2)).toMatchInlineSnapshot(`
      [
        {
          "city": "Mumbai",
          "humidity": 49.47,
          "id": "CITIMUM",
          "temperature": 23.09,
          "timestamp": 1769846400,
        },
        {
          "city": "Mumbai",
          "humidity": 50.01,
          "id": "CITIMUM",
          "temperature": 23.32,
          "timestamp": 1769846401,
        },
      ]
    `);
    expect(payloads(1, 1)).toMatchInlineSnapshot(`
      [
        {
          "city": "Pune",
          "humidity": 53.44,
          "id": "CITIPUN",
          "temperature": 23.07,
          "timestamp": 1769846400,
        },
      ]
    `);
  });

  it('climbs for 60 readings, falls for 60, and begins again', () => {
    const readings = payloads(0, 121);
    for (const field of ['temperature', 'humidity']) {
      const values = readings.map((reading) => reading[field] as number);
      for (let at = 1; at <= 60; at++) expect(values[at]).toBeGreaterThan(values[at - 1]!);
      for (let at = 61; at <= 120; at++) expect(values[at]).toBeLessThan(values[at - 1]!);
      expect(values[120]).toBe(values[0]);
    }
  });

  it('has whole seconds', () => {
    const device = cities.device(0, CONTEXT);
    const { timestamp } = JSON.parse(
      device.payload({ tick: 0, elapsedMs: 0, timestampMs: START_MS + 999, stepMs: 1000 }),
    );
    expect(timestamp).toBe(START_MS / 1000);
  });

  it('never gives two devices one id', () => {
    const ids = Array.from({ length: 60 }, (_, index) => cities.device(index, CONTEXT).id);
    expect(new Set(ids).size).toBe(60);
    expect(ids[20]).toBe('CITIMUM2');
  });

  it('puts the prefix before the id', () => {
    expect(cities.device(0, { ...CONTEXT, idPrefix: 'lab-' }).topic).toBe(
      'sensors/mumbai/lab-CITIMUM/telemetry',
    );
  });
});
