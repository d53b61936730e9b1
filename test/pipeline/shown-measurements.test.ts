import { expect, it } from 'vitest';
import { shownMeasurements } from '../../src/pipeline/shown-measurements.js';
import type { MeasurementSummary } from '../../src/sink/store-reader.js';
import type { WindowsOptions } from '../../src/windows/aggregate.js';

const summary = (name: string, ...fields: string[]): MeasurementSummary => ({
  name,
  tags: [],
  fields: fields.map((field) => ({ name: field, type: 'float' as const })),
});
const STORED = [
  summary('city_1h', 'temperature_mean', 'temperature__count'),
  summary('city_5min', 'temperature_mean', 'temperature__count'),
  summary('sensordata', 'temperature', 'temperature__count'),
];
const WINDOWS: WindowsOptions = {
  memoryBytes: 1,
  aggregates: [
    {
      name: 'city',
      from: 'sensordata',
      sizeMs: 300_000,
      latenessMs: 0,
      fields: new Map([['temperature', { functions: ['mean'], quantiles: [] }]]),
      resolutions: [
        { everyMs: 300_000, measurement: 'city_5min', retentionMs: 0 },
        { everyMs: 3_600_000, measurement: 'city_1h', retentionMs: 0 },
      ],
    },
  ],
};

it('shows points first, then rows from the finest, without their hidden fields and with what they are of', () => {
  expect(shownMeasurements(STORED, WINDOWS)).toEqual([
    summary('sensordata', 'temperature', 'temperature__count'),
    { ...summary('city_5min', 'temperature_mean'), rowsOf: { measurement: 'sensordata', everyMs: 300_000 } },
    { ...summary('city_1h', 'temperature_mean'), rowsOf: { measurement: 'sensordata', everyMs: 3_600_000 } },
  ]);
});

it('changes nothing where no windows are configured', () => {
  expect(shownMeasurements(STORED, undefined)).toBe(STORED);
});
