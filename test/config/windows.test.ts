import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { configOf, problemsOf } from './parse.js';

const RULE = {
  name: 'climate',
  topic: 'sensors/+site/+device',
  measurement: 'climate',
  tags: { site: 'topic.site', device: 'topic.device' },
  fields: { temperature: 'payload.t', open: 'payload.open' },
};
const AGGREGATE = { name: 'climate', from: 'climate', every: '5min', fields: { temperature: 'mean' } };

function textOf(aggregates: readonly object[], rest: object = {}): string {
  return stringify({ rules: [RULE], windows: { aggregates }, ...rest });
}

/** The windows of a configuration with one aggregate. */
function aggregateOf(keys: object, rest?: object) {
  const { windows } = configOf(textOf([{ ...AGGREGATE, ...keys }], rest));
  return windows!.aggregates[0]!;
}

/** The problems of a configuration with one aggregate, without file and place. */
function faultsOf(keys: object, rest?: object): string[] {
  return withoutPlace(problemsOf(textOf([{ ...AGGREGATE, ...keys }], rest)));
}

function withoutPlace(problems: readonly string[]): string[] {
  return problems.map((problem) => problem.replace(/^sluice\.yaml:\d+:\d+: /, ''));
}

describe('windows in the configuration', () => {
  it('are absent without aggregates', () => {
    expect(configOf('').windows).toBeUndefined();
    expect(configOf('windows: { memory: 1GiB }').windows).toBeUndefined();
  });

  it('have the defaults of the documentation', () => {
    const { windows } = configOf(textOf([AGGREGATE]));
    expect(windows).toEqual({
      memoryBytes: 128 * 2 ** 20,
      aggregates: [
        {
          name: 'climate',
          from: 'climate',
          sizeMs: 300_000,
          latenessMs: 30_000,
          fields: new Map([['temperature', { functions: ['mean'], quantiles: [] }]]),
          resolutions: [{ everyMs: 300_000, measurement: 'climate_5min', retentionMs: 7 * 86_400_000 }],
        },
      ],
    });
  });

  it('take every key', () => {
    const aggregate = aggregateOf({
      by: 'site',
      every: undefined,
      lateness: '1min',
      early: '10s',
      fields: { temperature: ['min', 'max'], open: 'true_ratio' },
      histogram: { temperature: [-10, 0, 10.5] },
      quantiles: { temperature: [0.5, 0.95] },
      resolutions: [
        { every: '60s', retention: '30d' },
        { every: '24h', timezone: 'Europe/Berlin' },
      ],
    });
    expect(aggregate).toEqual({
      name: 'climate',
      from: 'climate',
      by: ['site'],
      sizeMs: 60_000,
      latenessMs: 60_000,
      earlyMs: 10_000,
      fields: new Map([
        ['temperature', { functions: ['min', 'max'], quantiles: [0.5, 0.95], histogram: [-10, 0, 10.5] }],
        ['open', { functions: ['true_ratio'], quantiles: [] }],
      ]),
      resolutions: [
        { everyMs: 60_000, measurement: 'climate_1min', retentionMs: 30 * 86_400_000 },
        { everyMs: 86_400_000, measurement: 'climate_1d', retentionMs: 0, timezone: 'Europe/Berlin' },
      ],
    });
  });

  it('tell one group of all series from groups of series', () => {
    expect(aggregateOf({ by: [] }).by).toEqual([]);
    expect(aggregateOf({}).by).toBeUndefined();
  });

  it('take quantiles for all fields', () => {
    const { fields } = aggregateOf({ fields: { temperature: 'mean', open: 'count' }, quantiles: [0.999] });
    expect([...fields.values()].map(({ quantiles }) => quantiles)).toEqual([[0.999], [0.999]]);
  });

  it('have the three most frequent values of a field, or as many as are asked for', () => {
    const fields = { temperature: 'mean', open: ['topk', 'count'] };
    const topOf = (keys: object) =>
      [...aggregateOf({ fields, ...keys }).fields.values()].map(({ top }) => top);
    expect(topOf({})).toEqual([undefined, 3]);
    expect(topOf({ topk: 10 })).toEqual([undefined, 10]);
    expect(faultsOf({ fields, topk: 11 })).toEqual([
      'windows.aggregates[0].topk: got 11, expected a whole number, 1 to 10',
    ]);
  });

  it('have days of a zone whose midnight is in the middle of an hour', () => {
    const resolutions = [{ every: '1h' }, { every: '1d', timezone: 'Asia/Kolkata' }];
    expect(aggregateOf({ every: '1h', resolutions }).resolutions[1]!.timezone).toBe('Asia/Kolkata');
  });

  it('overlap by size', () => {
    expect(aggregateOf({ size: '15min' }).sizeMs).toBe(900_000);
  });

  it.each([
    ['90s', 'climate_90s'],
    ['120s', 'climate_2min'],
    ['3600s', 'climate_1h'],
    ['48h', 'climate_2d'],
  ])('of %s are rows of %s', (every, measurement) => {
    expect(aggregateOf({ every }).resolutions[0]!.measurement).toBe(measurement);
  });

  it('keep rows as long as the store keeps points, without resolutions', () => {
    const duckdb = { sink: { duckdb: { retention: '0d' } } };
    expect(aggregateOf({}, duckdb).resolutions[0]!.retentionMs).toBe(0);
    const influx = { sink: { influx: { url: 'http://127.0.0.1:8086', database: 'iot' } } };
    expect(aggregateOf({}, influx).resolutions[0]!.retentionMs).toBe(0);
  });

  it('tell DuckDB how long rows are kept', () => {
    const resolutions = [{ every: '5min', retention: '30d' }, { every: '1h' }];
    const { sink } = configOf(textOf([{ ...AGGREGATE, resolutions }]));
    expect(sink.kind === 'duckdb' && sink.duckdb.retentions).toEqual(
      new Map([
        ['climate_5min', 30 * 86_400_000],
        ['climate_1h', 0],
      ]),
    );
    expect(configOf('').sink).not.toHaveProperty('duckdb.retentions');
  });

  it('name where the rows of InfluxDB go', () => {
    const influx = { sink: { influx: { url: 'http://127.0.0.1:8086', database: 'iot' } } };
    const { resolutions } = aggregateOf({ resolutions: [{ every: '5min', to: 'month' }] }, influx);
    expect(resolutions[0]!.to).toBe('month');
  });
});

const FIELDS = 'windows.aggregates[0].fields';
const RESOLUTIONS = 'windows.aggregates[0].resolutions';

describe('a problem of windows is reported at its key', () => {
  it.each<[string, object, string]>([
    [
      'no duration',
      { every: undefined },
      'windows.aggregates[0].every: expected a duration, unless there are resolutions; it is missing',
    ],
    [
      'every beside another resolution',
      { resolutions: [{ every: '1min' }] },
      'windows.aggregates[0].every: got 5min, expected the duration of the first resolution, which is 1min, or no such key',
    ],
    [
      'early that is no earlier',
      { early: '5min' },
      'windows.aggregates[0].early: got "5min", expected a duration below every, which is 5min',
    ],
    [
      'early below a second',
      { early: '500ms' },
      'windows.aggregates[0].early: got "500ms", expected a duration of 1s to 1d',
    ],
    [
      'size that is no multiple',
      { size: '12min' },
      'windows.aggregates[0].size: got "12min", expected a multiple of every, which is 5min, at most 60 of them',
    ],
    [
      'size that is smaller',
      { size: '1min' },
      'windows.aggregates[0].size: got "1min", expected a multiple of every',
    ],
    [
      'size of 61 windows',
      { size: '305min' },
      'windows.aggregates[0].size: got "305min", expected a multiple of every',
    ],
    [
      'size beside two resolutions',
      { size: '15min', resolutions: [{ every: '5min' }, { every: '1h' }] },
      'windows.aggregates[0].size: got 15min and 2 resolutions, expected one resolution',
    ],
    [
      'name that needs quotes',
      { name: 'a b' },
      'windows.aggregates[0].name: got "a b", expected name of letters, digits, `_`, `.` and `-`',
    ],
    ['no field', { fields: {} }, `${FIELDS}: got 0 fields, expected 1 to 100 fields with their functions`],
    [
      'function of another tool',
      { fields: { temperature: 'avg' } },
      `${FIELDS}.temperature: got "avg", expected one of count, sum, mean`,
    ],
    [
      'function of another tool, with its name here',
      { fields: { temperature: 'avg' } },
      'did you mean mean?',
    ],
    ['name that other tools have', { fields: { temperature: ['mode'] } }, 'did you mean topk?'],
    ['quantile as a function', { fields: { temperature: ['p95'] } }, 'write quantiles: [0.95]'],
    [
      'function twice',
      { fields: { temperature: ['min', 'min'] } },
      `${FIELDS}.temperature: got a list, expected each function only once`,
    ],
    [
      'quantiles in percent',
      { quantiles: [95] },
      'windows.aggregates[0].quantiles: got [95], expected a list of ascending numbers between 0 and 1, or fields with such lists; write 0.95',
    ],
    [
      'quantiles that descend',
      { quantiles: [0.9, 0.5] },
      'windows.aggregates[0].quantiles: got [0.9, 0.5], expected a list of ascending numbers',
    ],
    [
      'quantiles of another field',
      { quantiles: { humidity: [0.5] } },
      'windows.aggregates[0].quantiles.humidity: got humidity, expected a field that is in fields: temperature',
    ],
    [
      'bounds that descend',
      { histogram: { temperature: [10, 0] } },
      'windows.aggregates[0].histogram.temperature: got [10, 0], expected a list of 1 to 50 ascending numbers',
    ],
    [
      'histogram of another field',
      { histogram: { humidity: [0] } },
      'windows.aggregates[0].histogram.humidity: got humidity, expected a field that is in fields: temperature',
    ],
    [
      'functions with one name',
      { fields: { t_time_weighted: 'mean', t: 'time_weighted_mean' } },
      `${FIELDS}.t: got t_time_weighted_mean, expected functions with names of their own in the rows; t_time_weighted has this one`,
    ],
    [
      'a name that is kept for hidden fields',
      { fields: { t: 'mean', t_: 'count' } },
      `${FIELDS}.t_: got t__count, expected functions with names of their own in the rows; t has this one`,
    ],
    [
      'tag named like a field of the rows',
      { by: ['temperature_mean'] },
      'windows.aggregates[0].by: got temperature_mean, expected a tag with another name than a field of the rows',
    ],
    [
      'tag named like a marker',
      { by: 'open' },
      'windows.aggregates[0].by: got open, expected a tag with another name',
    ],
    [
      'tag twice',
      { by: ['site', 'site'] },
      'windows.aggregates[0].by: got a list, expected each tag only once',
    ],
    [
      'resolution that is no multiple',
      { resolutions: [{ every: '5min' }, { every: '12min' }] },
      `${RESOLUTIONS}[1].every: got "12min", expected a multiple of the resolution before it, which is 5min`,
    ],
    [
      'resolution twice',
      { resolutions: [{ every: '5min' }, { every: '300s' }] },
      `${RESOLUTIONS}[1].every: got "300s", expected a multiple of the resolution before it`,
    ],
    [
      'a day and a half',
      { every: undefined, resolutions: [{ every: '1h' }, { every: '36h' }] },
      `${RESOLUTIONS}[1].every: got "36h", expected whole days, because it is more than a day`,
    ],
    [
      'zone of an hour',
      { resolutions: [{ every: '5min', timezone: 'Europe/Berlin' }] },
      `${RESOLUTIONS}[0].timezone: got "Europe/Berlin", expected no such key, because every is not 1d`,
    ],
    [
      'zone that does not exist',
      { every: '1d', resolutions: [{ every: '1d', timezone: 'Berlin' }] },
      `${RESOLUTIONS}[0].timezone: got "Berlin", expected an IANA time zone such as Europe/Berlin; did you mean Europe/Berlin?`,
    ],
    [
      'weeks of days of a zone',
      { every: '1d', resolutions: [{ every: '1d', timezone: 'Europe/Berlin' }, { every: '7d' }] },
      `${RESOLUTIONS}[1].every: got 7d, expected no resolution behind the days of a time zone`,
    ],
    [
      'rows kept for less than a window',
      { every: '1h', resolutions: [{ every: '1h', retention: '5min' }] },
      `${RESOLUTIONS}[0].retention: got 5min, expected at least every, which is 1h, or 0d for ever`,
    ],
    [
      'rows that are gone before they are merged',
      { resolutions: [{ every: '5min', retention: '1h' }, { every: '1d' }] },
      `${RESOLUTIONS}[0].retention: got 1h, expected at least 1d, because the rows of the next resolution are merged from these`,
    ],
    [
      'points that are gone before they are aggregated',
      { every: '14d' },
      'windows.aggregates[0].every: got windows of 14d, and 30s of lateness, expected together at most sink.duckdb.retention, which is 7d',
    ],
    [
      'to with DuckDB',
      { resolutions: [{ every: '5min', to: 'month' }] },
      `${RESOLUTIONS}[0].to: got "month", expected no such key: it needs sink.influx`,
    ],
  ])('%s', (_what, keys, line) => {
    const faults = faultsOf(keys);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(line);
  });

  it('with its line', () => {
    expect(problemsOf(textOf([{ ...AGGREGATE, early: '5min' }]))[0]).toMatch(/^sluice\.yaml:18:7: /);
  });
});

describe('windows are refused', () => {
  it.each([
    [
      '51 aggregates',
      Array.from({ length: 51 }, (_, n) => ({ ...AGGREGATE, name: `a${n}` })),
      'got 51 aggregates, expected at most 50',
    ],
    [
      '9 resolutions',
      [
        {
          ...AGGREGATE,
          every: '1s',
          resolutions: Array.from({ length: 9 }, (_, n) => ({ every: `${2 ** n}s` })),
        },
      ],
      'got 9 resolutions, expected at most 8',
    ],
    [
      '101 fields',
      [
        {
          ...AGGREGATE,
          fields: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`f${n}`, 'mean'])),
        },
      ],
      'got 101 fields, expected 1 to 100',
    ],
    [
      '51 bounds',
      [{ ...AGGREGATE, histogram: { temperature: Array.from({ length: 51 }, (_, n) => n) } }],
      'expected a list of 1 to 50 ascending numbers',
    ],
    [
      '21 quantiles',
      [{ ...AGGREGATE, quantiles: Array.from({ length: 21 }, (_, n) => (n + 1) / 100) }],
      'expected a list of ascending numbers',
    ],
    [
      '51 tags',
      [{ ...AGGREGATE, by: Array.from({ length: 51 }, (_, n) => `t${n}`) }],
      'expected the name of a tag, or a list of them',
    ],
  ])('with %s', (_what, aggregates, text) => {
    const faults = problemsOf(textOf(aggregates));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(text);
  });

  it('where several consumers share a Kinesis stream, and not a store', () => {
    const inKinesis = (checkpoints: string, sink?: object) =>
      stringify({
        ...(sink && { sink }),
        ...{ rules: [RULE], windows: { aggregates: [AGGREGATE] } },
        stream: { mode: 'kinesis', kinesis: { name: 'telemetry', checkpoints } },
      });
    expect(problemsOf(inKinesis('file'))).toEqual([]);
    expect(withoutPlace(problemsOf(inKinesis('dynamodb')))).toEqual([
      'windows.aggregates: got windows with stream.kinesis.checkpoints: dynamodb and DuckDB, which each consumer has its own of, expected sink.influx, where all consumers write to, or checkpoints: file',
    ]);
    expect(
      problemsOf(inKinesis('dynamodb', { influx: { url: 'http://127.0.0.1:8086', database: 'iot' } })),
    ).toEqual([]);
  });

  it('when two have one name', () => {
    expect(withoutPlace(problemsOf(textOf([AGGREGATE, { ...AGGREGATE, every: '1h' }])))).toEqual([
      'windows.aggregates[1].name: got "climate", expected a name that no other aggregate has; windows.aggregates[0] has this one',
    ]);
  });

  it('when a rule writes their measurement', () => {
    const rules = [RULE, { ...RULE, name: 'five', measurement: { value: 'climate_5min' } }];
    expect(faultsOf({}, { rules })).toEqual([
      'windows.aggregates[0].name: got the measurement climate_5min, expected one that no rule writes; rules[1] writes it',
    ]);
  });

  it('when the metrics of the gateway have their measurement', () => {
    const metrics = { store: { enabled: true, measurement: 'climate_5min' } };
    expect(faultsOf({}, { metrics })).toEqual([
      'windows.aggregates[0].name: got the measurement climate_5min, expected one that is not of metrics.store',
    ]);
  });

  it('when they are made of rows', () => {
    const second = { ...AGGREGATE, name: 'again', from: 'climate_5min' };
    expect(withoutPlace(problemsOf(textOf([AGGREGATE, second])))).toEqual([
      'windows.aggregates[1].from: got "climate_5min", expected a measurement that rules write; this one has the rows of windows.aggregates[0]; write a further resolution there',
    ]);
  });

  it('when a tag of their series is named like a field of the rows', () => {
    const rules = [{ ...RULE, tags: { ...RULE.tags, temperature_mean: 'topic.site' } }];
    expect(faultsOf({}, { rules })).toEqual([
      'windows.aggregates[0].fields: got temperature_mean, expected fields of the rows that are not named like tags; rules[0] has this tag; leave it out with by: […]',
    ]);
    expect(faultsOf({ by: 'site' }, { rules })).toEqual([]);
  });
});
