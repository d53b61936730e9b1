import { describe, expect, it } from 'vitest';
import { parseLatestRequest, parseSeriesRequest } from '../../../src/http/routes/store-requests.js';

const latest = { measurement: 'climate', by: 'device', from: '1000000', silentBefore: '1500000' };
const series = {
  measurement: 'climate',
  field: 'temperature',
  by: 'city',
  from: '1000',
  to: '301000',
  buckets: '150',
};

const NO_TIME =
  'must be a time: 2026-03-08T21:04:50Z, 2026-03-08, an epoch in s, ms, us or ns, now, or now-24h';
const NO_FUNCTION = 'must be one of mean, min, max, sum, count, first, last, or a percentile such as p95';

describe('parseLatestRequest', () => {
  it('takes the 50 that have been silent for longest when nothing else is asked', () => {
    expect(parseLatestRequest(latest)).toEqual({
      ok: true,
      value: {
        measurement: 'climate',
        by: 'device',
        fromMs: 1_000_000,
        silentBeforeMs: 1_500_000,
        search: '',
        order: 'silent',
        offset: 0,
        limit: 50,
      },
    });
  });

  it('rounds times down to an even second, so that pages asking within two seconds ask the same', () => {
    const early = parseLatestRequest({ ...latest, from: '1002000', silentBefore: '1502000' });
    expect(parseLatestRequest({ ...latest, from: '1003999', silentBefore: '1503999' })).toEqual(early);
    expect(parseLatestRequest({ ...latest, from: '1004000', silentBefore: '1504000' })).not.toEqual(early);
  });

  it('has no `by` where none is given', () => {
    const { by: _by, ...whole } = latest;
    const parsed = parseLatestRequest(whole);
    expect(parsed.ok && parsed.value.by).toBeUndefined();
  });

  it('takes search, order, offset and limit', () => {
    expect(
      parseLatestRequest({ ...latest, search: 'Pump', order: 'name', offset: '50', limit: '200' }),
    ).toMatchObject({ value: { search: 'Pump', order: 'name', offset: 50, limit: 200 } });
  });

  it('takes names of devices once or several times', () => {
    expect(parseLatestRequest({ ...latest, only: 'd1', except: ['d2', 'd3'] })).toMatchObject({
      value: { only: ['d1'], except: ['d2', 'd3'] },
    });
  });

  it('takes the parts of sparklines and their field', () => {
    const parsed = parseLatestRequest({ ...latest, spark: '48', sparkField: 'temperature' });
    expect(parsed).toMatchObject({ value: { spark: 48, sparkField: 'temperature' } });
  });

  it.each([
    [{ spark: '97' }, 'spark: must be 1 to 96.'],
    [{ spark: '0' }, 'spark: must be 1 to 96.'],
    [{ sparkField: '' }, 'sparkField: must not be empty.'],
    [{ measurement: undefined }, 'measurement: must be given once.'],
    [{ from: undefined }, 'from: must be given once.'],
    [{ silentBefore: 'noon' }, `silentBefore: ${NO_TIME}.`],
    [{ order: 'loud' }, 'order: must be one of silent, newest, name.'],
    [{ order: ['name', 'name'] }, 'order: must be one of silent, newest, name.'],
    [{ search: 'x'.repeat(257) }, 'search: must not be longer than 256 characters.'],
    [{ search: ['a', 'b'] }, 'search: must be given once.'],
    [{ offset: '20001' }, 'offset: must be 0 to 20000.'],
    [{ limit: '201' }, 'limit: must be 1 to 200.'],
    [{ limit: '0' }, 'limit: must be 1 to 200.'],
    [{ only: Array(51).fill('x') }, 'only: must be given at most 50 times.'],
    [{ except: Array(51).fill('x') }, 'except: must be given at most 50 times.'],
    [{ by: '' }, 'by: must not be empty.'],
    [{ page: '1' }, 'query: unknown page.'],
  ])('refuses %j and says: %s', (change, reason) => {
    expect(parseLatestRequest({ ...latest, ...change })).toEqual({ ok: false, reason });
  });
});

describe('parseSeriesRequest', () => {
  it('makes a query of the store from the parameters that says everything', () => {
    expect(parseSeriesRequest(series)).toEqual({
      ok: true,
      value: {
        measurement: 'climate',
        field: 'temperature',
        by: 'city',
        fromMs: 1000,
        toMs: 301_000,
        fn: 'mean',
        bucketMs: 2000,
        resolution: 'auto',
        order: 'count',
        maxBuckets: 2000,
        offset: 0,
        limit: 12,
      },
    });
  });

  it('has no `by` and takes 150 buckets when they are not given', () => {
    const { by: _by, buckets: _buckets, ...rest } = series;
    const parsed = parseSeriesRequest(rest);
    expect(parsed).toMatchObject({ ok: true, value: { bucketMs: 2000 } });
    expect(parsed.ok && parsed.value.by).toBeUndefined();
  });

  it.each([
    ['2026-11-30T12:00:00Z', 1_796_040_000_000],
    ['2026-11-30T13:00:00.5+01:00', 1_796_040_000_500],
    ['2026-11-30T13:00:00 01:00', 1_796_040_000_000],
    ['2026-11-30', 1_795_996_800_000],
    ['1796040000', 1_796_040_000_000],
    ['1796040000000', 1_796_040_000_000],
    ['1796040000000000', 1_796_040_000_000],
    ['1796040000000000999', 1_796_040_000_000],
  ])('takes the time %s', (from, fromMs) => {
    expect(parseSeriesRequest({ ...series, from, to: '4102444800' })).toMatchObject({ value: { fromMs } });
  });

  it('takes a time before now, and ends now where no other end is given', () => {
    const { to: _to, ...open } = series;
    const beforeMs = Date.now();
    const parsed = parseSeriesRequest({ ...open, from: 'now-1h' });
    if (!parsed.ok) throw new Error(parsed.reason);
    const { fromMs, toMs } = parsed.value;
    expect(fromMs).toBeGreaterThanOrEqual(beforeMs - 3_600_000);
    expect(toMs).toBeLessThanOrEqual(Date.now());
    // Parsed one after the other.
    expect(Math.abs(toMs - fromMs - 3_600_000)).toBeLessThan(1_000);
  });

  it('leaves the width of buckets to a resolution that is named, and counts buckets by the groups', () => {
    const { buckets: _buckets, ...rest } = series;
    const parsed = parseSeriesRequest({ ...rest, resolution: '1d', order: 'value', top: '60', fn: 'p99.9' });
    expect(parsed).toMatchObject({
      value: { fn: { percentile: 0.999 }, limit: 60, maxBuckets: 1000, order: 'value' },
    });
    expect(parsed.ok && parsed.value.bucketMs).toBeUndefined();
  });

  it.each([
    ['one', ['one']],
    ['', ['']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  ])('narrows a chart to the values %j of a tag', (only, values) => {
    expect(parseSeriesRequest({ ...series, onlyTag: 'device', only })).toMatchObject({
      value: { only: { tag: 'device', values } },
    });
  });

  it.each([
    ['1', 500, 500],
    ['500', 500, 1],
    ['500', 501, 2],
    ['7', 100, 15],
  ])('makes at most %s buckets out of %i ms', (buckets, spanMs, bucketMs) => {
    const parsed = parseSeriesRequest({ ...series, from: '0', to: String(spanMs), buckets });
    expect(parsed).toMatchObject({ ok: true, value: { bucketMs } });
    expect(Math.ceil(spanMs / bucketMs)).toBeLessThanOrEqual(Number(buckets));
  });

  it.each([
    [{ buckets: '2001' }, 'buckets: must be 1 to 2000.'],
    [{ buckets: '0' }, 'buckets: must be 1 to 2000.'],
    [{ buckets: '1e2' }, 'buckets: must be a whole number.'],
    [{ from: '-1' }, `from: ${NO_TIME}.`],
    [{ from: '1.5' }, `from: ${NO_TIME}.`],
    [{ from: 'now-5' }, `from: ${NO_TIME}; write a unit, such as 5s.`],
    [{ from: '2026-02-30T00:00:00Z' }, `from: ${NO_TIME}.`],
    [{ to: '99999999999999' }, 'to: must be a time between 1970 and April 2262.'],
    [{ fn: 'average' }, `fn: ${NO_FUNCTION}.`],
    [{ fn: 'p100' }, `fn: ${NO_FUNCTION}.`],
    [{ fn: 'p0' }, `fn: ${NO_FUNCTION}.`],
    [{ limit: '201' }, 'limit: must be 1 to 200.'],
    [{ limit: '5', top: '5' }, 'top: is another name of limit: give one of them.'],
    [{ by: undefined, order: 'value' }, 'order: goes together with by.'],
    [{ order: 'size' }, 'order: must be one of count, value, name.'],
    [{ buckets: '2000', limit: '31' }, 'buckets: must be at most 60000 together with limit, multiplied.'],
    [{ to: '1000' }, 'to: must be later than from.'],
    [{ measurement: '' }, 'measurement: must not be empty.'],
    [{ measurement: undefined }, 'measurement: must be given once.'],
    [{ field: ['a', 'b'] }, 'field: must be given once.'],
    [{ by: 'x'.repeat(1025) }, 'by: must not be longer than 1024 characters.'],
    [{ bucket: '1' }, 'query: unknown bucket.'],
    [{ only: 'a' }, 'only: goes together with onlyTag.'],
    [{ onlyTag: 'device' }, 'only: goes together with onlyTag.'],
    [{ onlyTag: '', only: 'a' }, 'onlyTag: must not be empty.'],
    [
      { onlyTag: 'device', only: Array.from({ length: 51 }, () => 'a') },
      'only: must be given at most 50 times.',
    ],
  ])('refuses %j and says: %s', (change, reason) => {
    expect(parseSeriesRequest({ ...series, ...change })).toEqual({ ok: false, reason });
  });
});

describe('a time that no store can hold', () => {
  /** The last ms before 2^63 ns since 1970. */
  const LAST_MS = 9_223_372_036_854;
  const beyond = String(LAST_MS + 1);

  it.each([
    ['to', () => parseSeriesRequest({ ...series, to: beyond })],
    ['from', () => parseSeriesRequest({ ...series, from: beyond, to: String(LAST_MS + 1000) })],
    ['from', () => parseLatestRequest({ ...latest, from: beyond })],
    ['silentBefore', () => parseLatestRequest({ ...latest, silentBefore: beyond })],
  ])('is refused with its name: %s', (name, parse) => {
    expect(parse()).toEqual({
      ok: false,
      reason: expect.stringMatching(
        new RegExp(`${name}: must be a time between 1970 and April 2262`),
      ) as string,
    });
  });

  it('the last one it can hold is taken', () => {
    expect(parseLatestRequest({ ...latest, silentBefore: String(LAST_MS) }).ok).toBe(true);
  });
});
