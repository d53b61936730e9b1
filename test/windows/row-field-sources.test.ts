import { expect, test } from 'vitest';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { rowFieldSources } from '../../src/windows/row-field-sources.js';

const AGGREGATE: Aggregate = {
  name: 'climate',
  from: 'room',
  sizeMs: 300_000,
  latenessMs: 0,
  fields: new Map([
    [
      't',
      {
        functions: ['count', 'mean', 'sum', 'skew', 'true_ratio', 'changes'],
        quantiles: [0.95],
        histogram: [0],
      },
    ],
  ]),
  resolutions: [
    { everyMs: 300_000, measurement: 'climate_5min', retentionMs: 0 },
    { everyMs: 3_600_000, measurement: 'climate_1h', retentionMs: 0 },
  ],
};

test('fields of rows with the unit of the points are known, in every resolution, and counts are not', () => {
  const sources = rowFieldSources({ memoryBytes: 1, aggregates: [AGGREGATE] });
  expect([...sources.keys()]).toEqual(['climate_5min', 'climate_1h']);
  expect(Object.fromEntries(sources.get('climate_1h')!)).toEqual({
    t_mean: { measurement: 'room', field: 't', kind: 'value' },
    t_sum: { measurement: 'room', field: 't', kind: 'amount' },
    t_p95: { measurement: 'room', field: 't', kind: 'value' },
  });
  expect(rowFieldSources(undefined).size).toBe(0);
});
