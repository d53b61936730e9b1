import type * as z from 'zod';
import { duration, size, text, wholeNumber } from './setting.js';
import { listOf, named, section } from './structured-setting.js';
import { groupTags, histogramBounds, quantiles, windowFunctions } from './window-settings.js';

export const MAX_AGGREGATES = 50;
export const MAX_RESOLUTIONS = 8;
export const MAX_AGGREGATE_FIELDS = 100;
const MAX_TOP = 10;

const DAY_MS = 86_400_000;
const MAX_RETENTION_MS = 100 * 365 * DAY_MS;
const EVERY_LIMITS = { min: 1_000, max: 366 * DAY_MS };

const resolution = section(
  {
    every: duration({ ...EVERY_LIMITS, description: 'Length of a window of this resolution.' }),
    retention: duration({
      max: MAX_RETENTION_MS,
      description:
        'Age at which rows of this resolution are deleted in DuckDB; `0d` keeps them for ever. With InfluxDB the retention of what `to` names decides.',
    }).prefault('0d'),
    timezone: text({
      type: 'IANA time zone such as Europe/Berlin',
      unset: 'UTC',
      description: 'Zone of the midnight at which a day begins; only with `every: 1d`.',
    }).optional(),
    to: text({
      unset: 'where the points go',
      description:
        'Retention policy (InfluxDB 1), bucket (2) or database (3) that takes the rows of this resolution.',
    }).optional(),
  },
  { description: 'A resolution.' },
);

const aggregate = section(
  {
    name: text({
      pattern: /^[A-Za-z][\w.-]{0,99}$/,
      type: 'name of letters, digits, `_`, `.` and `-`',
      description:
        'Unique name of the aggregate; with the duration of a resolution it is the measurement of the rows, such as `climate_5min`.',
    }),
    from: text({ description: 'Measurement whose points are taken.' }),
    by: groupTags({
      unset: 'each series is a group',
      description: 'Tags that make the groups; `[]` makes one group of all series.',
    }).optional(),
    every: duration({
      ...EVERY_LIMITS,
      unset: 'that of the first resolution',
      description: 'Length of a window. With `resolutions` it is that of the first.',
    }).optional(),
    size: duration({
      ...EVERY_LIMITS,
      unset: '`every`',
      description:
        'Length of windows that overlap: a multiple of `every`, at most 60 of them. It does not go with more than one resolution.',
    }).optional(),
    lateness: duration({
      max: DAY_MS,
      description:
        'How long after its end a window waits for points before it is computed. Points that come later are not lost: the window is computed again.',
    }).prefault('30s'),
    early: duration({
      min: 1_000,
      max: DAY_MS,
      unset: 'only when they close',
      description: 'Interval at which open windows are written too, with `open=true`; shorter than `every`.',
    }).optional(),
    fields: named(
      windowFunctions({
        description: 'Functions of a field; each is a field of the rows, such as `temperature_mean`.',
      }),
      {
        type: 'field names with their functions',
        description: 'The fields that are aggregated, at least one.',
      },
    ),
    histogram: named(
      histogramBounds({ description: 'Bounds of the bins in which the values of a field are counted.' }),
      { type: 'field names with their bounds', description: 'Histograms of fields.' },
    ).prefault({}),
    quantiles: quantiles({
      description:
        'Quantiles of all fields, or by field, with a relative error of 1 %: 0.95 becomes `temperature_p95`.',
    }).optional(),
    topk: wholeNumber({
      min: 1,
      max: MAX_TOP,
      description: 'How many of the most frequent values of a field with the function `topk` are in a row.',
    }).prefault(3),
    resolutions: listOf(resolution, {
      placeholder: { every: '1d' },
      description:
        'Resolutions from the finest to the coarsest, each a whole multiple of the one before; without them there is one, whose rows are kept as long as points.',
    }).optional(),
  },
  { description: 'An aggregate.' },
);

/** An aggregate of the file, with defaults filled in and units resolved. */
export type WrittenAggregate = z.output<typeof aggregate>;

export const windows = section(
  {
    memory: size({
      min: 2 ** 20,
      max: 2 ** 36,
      description:
        'Memory for what is remembered of windows that are not computed yet; values beyond it are counted, and `sluice windows rebuild` computes their windows.',
    }).prefault('128MiB'),
    aggregates: listOf(aggregate, {
      placeholder: { name: 'unreadable', from: 'unreadable', every: '1d', fields: { unreadable: 'count' } },
      description: 'What is computed for each window of time, and written as rows of further measurements.',
    }).optional(),
  },
  { description: 'Aggregates per window of time.' },
).prefault({});
