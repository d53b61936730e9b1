import { describe, expect, it } from 'vitest';
import { parseSeriesRequest } from '../../src/ops/series-request.js';

const good = {
  measurement: 'climate',
  field: 'temperature',
  by: 'city',
  from: '1000',
  to: '301000',
  buckets: '150',
};

describe('parseSeriesRequest', () => {
  it('turns the parameters into a query of the store, asking for one group more than is shown', () => {
    expect(parseSeriesRequest(good)).toEqual({
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

  it('leaves out `by` and takes 150 buckets when they are not given', () => {
    const { by: _by, buckets: _buckets, ...rest } = good;
    const parsed = parseSeriesRequest(rest);
    expect(parsed).toMatchObject({ ok: true, value: { bucketMs: 2000 } });
    expect(parsed.ok && 'by' in parsed.value).toBe(false);
  });

  it.each([
    ['one', ['one']],
    ['', ['']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  ])('narrows a chart to the values %j of a tag', (only, values) => {
    expect(parseSeriesRequest({ ...good, onlyTag: 'device', only })).toMatchObject({
      value: { only: { tag: 'device', values } },
    });
  });

  it.each([
    ['1', 500, 500],
    ['500', 500, 1],
    ['500', 501, 2],
    ['7', 100, 15],
  ])('makes at most %s buckets out of %i ms', (buckets, spanMs, bucketMs) => {
    const parsed = parseSeriesRequest({ ...good, from: '0', to: String(spanMs), buckets });
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
    expect(parseSeriesRequest({ ...good, ...change })).toEqual({ ok: false, reason });
  });
});
