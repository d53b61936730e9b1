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

  it.each([
    [{ measurement: undefined }, 'measurement: must be given once.'],
    [{ from: undefined }, 'from: must be given once.'],
    [{ silentBefore: 'now' }, 'silentBefore: must be a whole number.'],
    [{ order: 'loud' }, 'order: must be one of silent, newest, name.'],
    [{ order: ['name', 'name'] }, 'order: must be one of silent, newest, name.'],
    [{ search: 'x'.repeat(257) }, 'search: must not be longer than 256 characters.'],
    [{ search: ['a', 'b'] }, 'search: must be given once.'],
    [{ offset: '20001' }, 'offset: must be 0 to 20000.'],
    [{ limit: '201' }, 'limit: must be 1 to 200.'],
    [{ limit: '0' }, 'limit: must be 1 to 200.'],
    [{ by: '' }, 'by: must not be empty.'],
    [{ page: '1' }, 'query: unknown page.'],
  ])('refuses %j and says: %s', (change, reason) => {
    expect(parseLatestRequest({ ...latest, ...change })).toEqual({ ok: false, reason });
  });
});

describe('parseSeriesRequest', () => {
  it('makes a query of the store from the parameters that asks for one group more than is shown', () => {
    expect(parseSeriesRequest(series)).toEqual({
      ok: true,
      value: {
        measurement: 'climate',
        field: 'temperature',
        by: 'city',
        fromMs: 1000,
        toMs: 301_000,
        bucketMs: 2000,
        maxGroups: 13,
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
    [{ buckets: '501' }, 'buckets: must be 1 to 500.'],
    [{ buckets: '0' }, 'buckets: must be 1 to 500.'],
    [{ buckets: '1e2' }, 'buckets: must be a whole number.'],
    [{ from: '-1' }, 'from: must be a whole number.'],
    [{ from: '1.5' }, 'from: must be a whole number.'],
    [{ to: '9999999999999999' }, 'to: must be a whole number within 2^53.'],
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
        new RegExp(`${name}: must be a time in ms until the year 2262`),
      ) as string,
    });
  });

  it('the last one it can hold is taken', () => {
    expect(parseLatestRequest({ ...latest, silentBefore: String(LAST_MS) }).ok).toBe(true);
  });
});
