import { describe, expect, it } from 'vitest';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { layoutOf, layoutProblem } from '../../src/windows/layout.js';

const AGGREGATE: Aggregate = {
  name: 'climate',
  from: 'climate',
  by: ['site', 'device'],
  sizeMs: 300_000,
  latenessMs: 30_000,
  fields: new Map([
    ['temperature', { functions: ['mean', 'max'], quantiles: [0.5], histogram: [0, 10] }],
    ['humidity', { functions: ['mean'], quantiles: [] }],
  ]),
  resolutions: [
    { everyMs: 300_000, measurement: 'climate_5min', retentionMs: 0 },
    { everyMs: 86_400_000, measurement: 'climate_1d', retentionMs: 0, timezone: 'Europe/Berlin' },
  ],
};

/** The sentence about an aggregate that has changed since its layout was saved. */
function problemAfter(change: Partial<Aggregate>, before: Aggregate = AGGREGATE): string | undefined {
  const saved: unknown = JSON.parse(JSON.stringify(layoutOf(before)));
  return layoutProblem(saved as ReturnType<typeof layoutOf>, layoutOf({ ...before, ...change }));
}

const [FINEST, DAYS] = AGGREGATE.resolutions as [
  Aggregate['resolutions'][number],
  Aggregate['resolutions'][number],
];

describe('the layout of an aggregate', () => {
  it('is the same after it was saved and read', () => {
    expect(problemAfter({})).toBeUndefined();
    expect(problemAfter({}, { ...AGGREGATE, by: undefined })).toBeUndefined();
  });

  it.each<[string, Partial<Aggregate>]>([
    ['the order of by', { by: ['device', 'site'] }],
    ['lateness, early and from', { latenessMs: 0, earlyMs: 10_000, from: 'other' }],
    ['retention and where rows go', { resolutions: [{ ...FINEST, retentionMs: 1e9, to: 'month' }, DAYS] }],
    ['a coarser resolution that is gone', { resolutions: [FINEST] }],
    [
      'a further resolution',
      { resolutions: [FINEST, { everyMs: 3_600_000, measurement: 'climate_1h', retentionMs: 0 }, DAYS] },
    ],
    [
      'fields, functions, quantiles and a histogram that come or go',
      {
        fields: new Map([
          ['temperature', { functions: ['min'], quantiles: [0.9] }],
          ['pressure', { functions: ['mean'], quantiles: [], histogram: [1] }],
        ]),
      },
    ],
  ])('may change in %s', (_what, change) => {
    expect(problemAfter(change)).toBeUndefined();
  });

  it.each<[string, Partial<Aggregate>]>([
    ['by of the windows "climate" was [device, site] and is [site]', { by: ['site'] }],
    ['by of the windows "climate" was [device, site] and is []', { by: [] }],
    ['by of the windows "climate" was [device, site] and is the whole series', { by: undefined }],
    ['size of the windows "climate" was 5min and is 15min', { sizeMs: 900_000 }],
    [
      'every of the windows "climate" was 5min and is 1min',
      { sizeMs: 60_000, resolutions: [{ everyMs: 60_000, measurement: 'climate_1min', retentionMs: 0 }] },
    ],
    [
      'timezone of climate_1d of the windows "climate" was Europe/Berlin and is UTC',
      { resolutions: [FINEST, { ...DAYS, timezone: undefined }] },
    ],
    [
      'histogram.temperature of the windows "climate" was [0, 10] and is [0, 20]',
      { fields: new Map([['temperature', { functions: ['mean'], quantiles: [], histogram: [0, 20] }]]) },
    ],
  ])('must not change so: %s', (sentence, change) => {
    expect(problemAfter(change)).toBe(
      `${sentence}: give the aggregate another name, or delete its rows with sluice windows rebuild --drop climate`,
    );
  });

  it('tells one group of all series from groups of series', () => {
    expect(problemAfter({ by: [] }, { ...AGGREGATE, by: undefined })).toContain(
      'was the whole series and is []',
    );
  });
});
