import { describe, expect, it } from 'vitest';
import type { Point } from '../../src/sink/point.js';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { createExplainWindows } from '../../src/windows/explain-windows.js';

const AGGREGATE: Aggregate = {
  name: 'climate',
  from: 'climate',
  sizeMs: 300_000,
  latenessMs: 30_000,
  fields: new Map([['temperature', { functions: ['mean'], quantiles: [] }]]),
  resolutions: [{ everyMs: 300_000, measurement: 'climate_5min', retentionMs: 0 }],
};

function pointAt(iso: string, tags: Readonly<Record<string, string>> = {}, measurement = 'climate'): Point {
  return {
    series: { measurement, tags: Object.entries(tags).map(([name, value]) => ({ name, value })) },
    fields: [{ name: 'temperature', type: 'float', value: 21 }],
    timestampNs: BigInt(Date.parse(iso)) * 1_000_000n,
  };
}

function windowsOf(change: Partial<Aggregate>, ...points: readonly Point[]) {
  return createExplainWindows({ aggregates: [{ ...AGGREGATE, ...change }] })(points);
}

describe('the windows that points fall into', () => {
  const DEVICE = { device: 'd1', site: 'North' };

  it('have the tags of the series without by, and those of by with it', () => {
    const point = pointAt('2026-11-30T11:29:59.999Z', DEVICE);
    const window = {
      measurement: 'climate_5min',
      from: '2026-11-30T11:25:00Z',
      to: '2026-11-30T11:30:00Z',
      by: DEVICE,
    };
    expect(windowsOf({}, point)).toEqual([window]);
    expect(windowsOf({ by: ['site', 'floor'] }, point)).toEqual([{ ...window, by: { site: 'North' } }]);
    expect(windowsOf({ by: [] }, point)).toEqual([{ ...window, by: {} }]);
  });

  it('are those of each resolution, with days in their zone', () => {
    const resolutions = [
      ...AGGREGATE.resolutions,
      {
        everyMs: 86_400_000,
        measurement: 'climate_1d',
        retentionMs: 0,
        timezone: 'America/New_York',
      },
    ];
    // Clocks go forward on this day, which has 23 hours.
    const windows = windowsOf({ resolutions }, pointAt('2026-03-08T12:00:00Z'));
    expect(windows.map(({ measurement, from, to }) => [measurement, from, to])).toEqual([
      ['climate_5min', '2026-03-08T12:00:00Z', '2026-03-08T12:05:00Z'],
      ['climate_1d', '2026-03-08T00:00:00-05:00', '2026-03-09T00:00:00-04:00'],
    ]);
  });

  it('are several that overlap, in the order of time', () => {
    const windows = windowsOf({ sizeMs: 900_000 }, pointAt('2026-11-30T11:29:00Z'));
    expect(windows.map(({ from, to }) => `${from} ${to}`)).toEqual([
      '2026-11-30T11:15:00Z 2026-11-30T11:30:00Z',
      '2026-11-30T11:20:00Z 2026-11-30T11:35:00Z',
      '2026-11-30T11:25:00Z 2026-11-30T11:40:00Z',
    ]);
  });

  it('are none of another measurement, or without a field of the aggregate', () => {
    const point = pointAt('2026-11-30T11:29:00Z');
    expect(windowsOf({}, pointAt('2026-11-30T11:29:00Z', {}, 'other'))).toEqual([]);
    expect(windowsOf({}, { ...point, fields: [{ ...point.fields[0]!, name: 'humidity' }] })).toEqual([]);
  });

  it('are listed once, and a hundred of them at most', () => {
    const points = Array.from({ length: 150 }, (_, n) =>
      pointAt('2026-11-30T11:29:00Z', { device: `d${n}` }),
    );
    expect(windowsOf({}, points[0]!, points[0]!)).toHaveLength(1);
    expect(windowsOf({}, ...points)).toHaveLength(100);
  });
});
