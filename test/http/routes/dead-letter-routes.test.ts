import { describe, expect, it } from 'vitest';
import { parseDeadLettersRequest, parseSelection } from '../../../src/http/routes/dead-letter-routes.js';

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
    [undefined, 'the selection: expected an object'],
    ['all', 'the selection: expected an object'],
    [[], 'the selection: expected an object'],
    [{}, 'nothing is selected: name ids, a code, a topic, a rule or a user, or ask for all.'],
    [{ all: false }, 'all: expected true.'],
    [{ ids: '1' }, 'ids: expected a list of 1 to 10000 ids'],
    [{ ids: [] }, 'ids: expected a list of 1 to 10000 ids'],
    [{ ids: [1] }, 'ids: expected a list of 1 to 10000 ids'],
    [{ ids: ['1', '../2'] }, 'ids: expected a list of 1 to 10000 ids'],
    [{ ids: Array.from({ length: 10_001 }, () => '1') }, 'ids: expected a list of 1 to 10000 ids'],
    [{ code: 7 }, 'code: expected a text.'],
    [{ topic: '' }, 'topic: expected a text.'],
    [{ all: true, codes: 'x' }, 'the selection: unknown key "codes"'],
    [JSON.parse('{"__proto__":{"all":true}}'), 'the selection: unknown key "__proto__"'],
  ])('refuses %j and says: %s', (body, reason) => {
    const parsed = parseSelection(body);
    expect(parsed.ok ? '' : parsed.reason.slice(0, reason.length)).toBe(reason);
  });
});
