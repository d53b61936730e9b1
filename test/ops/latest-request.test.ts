import { describe, expect, it } from 'vitest';
import { parseLatestRequest } from '../../src/ops/latest-request.js';

const good = { measurement: 'climate', by: 'device', from: '1000000', silentBefore: '1500000' };

describe('parseLatestRequest', () => {
  it('takes the 50 that have been silent for longest when nothing else is asked', () => {
    expect(parseLatestRequest(good)).toEqual({
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

  it('takes instants to the even second before, so that pages asking within two seconds ask the same', () => {
    const early = parseLatestRequest({ ...good, from: '1002000', silentBefore: '1502000' });
    expect(parseLatestRequest({ ...good, from: '1003999', silentBefore: '1503999' })).toEqual(early);
    expect(parseLatestRequest({ ...good, from: '1004000', silentBefore: '1504000' })).not.toEqual(early);
  });

  it('leaves `by` out where it is not given', () => {
    const { by: _by, ...whole } = good;
    const parsed = parseLatestRequest(whole);
    expect(parsed.ok && 'by' in parsed.value).toBe(false);
  });

  it('takes search, order, offset and limit', () => {
    expect(
      parseLatestRequest({ ...good, search: 'Pump', order: 'name', offset: '50', limit: '200' }),
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
    expect(parseLatestRequest({ ...good, ...change })).toEqual({ ok: false, reason });
  });
});
