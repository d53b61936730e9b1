import { describe, expect, it } from 'vitest';
import { parseDeadLettersRequest, parseSelection } from '../../src/ops/dead-letter-request.js';

describe('parseDeadLettersRequest', () => {
  it('takes fifty of any kind when nothing is asked', () => {
    expect(parseDeadLettersRequest({})).toEqual({ ok: true, value: { limit: 50 } });
  });

  it('takes a limit, a code, a topic and a rule', () => {
    expect(parseDeadLettersRequest({ limit: '500', code: 'c', topic: 'a/b', rule: 'r' })).toEqual({
      ok: true,
      value: { limit: 500, code: 'c', topic: 'a/b', rule: 'r' },
    });
  });

  it.each([
    [{ limit: '0' }, 'limit: must be 1 to 500.'],
    [{ limit: '501' }, 'limit: must be 1 to 500.'],
    [{ limit: 'all' }, 'limit: must be a whole number.'],
    [{ limit: '' }, 'limit: must be a whole number.'],
    [{ code: '' }, 'code: must not be empty.'],
    [{ topic: ['a', 'b'] }, 'topic: must be given once.'],
    [{ offset: '1' }, 'query: unknown offset.'],
  ])('refuses %j and says: %s', (parameters, reason) => {
    expect(parseDeadLettersRequest(parameters)).toEqual({ ok: false, reason });
  });
});

describe('parseSelection', () => {
  it.each([
    [{ ids: ['1', '22'] }],
    [{ code: 'c' }],
    [{ topic: 'a/b', rule: 'r' }],
    [{ all: true }],
    [{ ids: Array.from({ length: 10_000 }, (_, nth) => String(nth)) }],
  ])('takes %j', (body) => {
    expect(parseSelection(body)).toEqual({ ok: true, value: body });
  });

  it.each([
    [undefined, 'body: expected a JSON object.'],
    [null, 'body: expected a JSON object.'],
    ['all', 'body: expected a JSON object.'],
    [[], 'body: expected a JSON object.'],
    [{}, 'body: must hold ids, code, topic, rule or all.'],
    [{ all: false }, 'all: must be true.'],
    [{ all: 'yes' }, 'all: must be true.'],
    [{ ids: '1' }, 'ids: expected a list.'],
    [{ ids: [] }, 'ids: must name at least one.'],
    [{ ids: [1] }, 'ids.0: expected a text.'],
    [{ ids: ['1', '../2'] }, 'ids.1: must be an id as the list shows it.'],
    [{ ids: Array.from({ length: 10_001 }, () => '1') }, 'ids: must be at most 10000.'],
    [{ code: 7 }, 'code: expected a text.'],
    [{ topic: '' }, 'topic: must not be empty.'],
    [{ all: true, codes: 'x' }, 'body: unknown codes.'],
    [
      JSON.parse('{"__proto__":{"all":true}}'),
      'body: unknown __proto__. body: must hold ids, code, topic, rule or all.',
    ],
  ])('refuses %j and says: %s', (body, reason) => {
    expect(parseSelection(body)).toEqual({ ok: false, reason });
  });

  it('names five of many faults and counts the others', () => {
    const parsed = parseSelection({ ids: Array.from({ length: 9_000 }, () => 'x') });
    expect(parsed.ok ? '' : parsed.reason).toMatch(/^ids\.0: .* ids\.4: [^:]*\. And 8995 more\.$/);
    const keys = parseSelection({
      all: true,
      ...Object.fromEntries(Array.from({ length: 9 }, (_, nth) => [`k${nth}`, 1])),
    });
    expect(keys).toEqual({ ok: false, reason: 'body: unknown k0, k1, k2, k3, k4 and 4 more.' });
  });
});
