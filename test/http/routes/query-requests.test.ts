import { describe, expect, it } from 'vitest';
import { parseQueryBody, parseQueryRequest } from '../../../src/http/routes/query-requests.js';

const DEFAULTS = { format: 'json', maxRows: 1_000_000, timeoutMs: 30_000, maxBytes: 2 ** 30 };

describe('a request with a statement', () => {
  it('needs nothing but the statement', () => {
    const expected = { ok: true, value: { of: { sql: 'SELECT 1' }, ...DEFAULTS } };
    expect(parseQueryRequest({ sql: 'SELECT 1' })).toEqual(expected);
    expect(parseQueryBody({ sql: 'SELECT 1' })).toEqual(expected);
  });

  it('may name format, limit and timeout', () => {
    const value = { ...DEFAULTS, of: { sql: 'x' }, format: 'csv', maxRows: 5, timeoutMs: 1_500 };
    expect(parseQueryRequest({ sql: 'x', format: 'csv', limit: '5', timeout: '1.5s' })).toEqual({
      ok: true,
      value,
    });
    expect(parseQueryBody({ sql: 'x', format: 'csv', limit: 5, timeout: '1.5s' })).toEqual({
      ok: true,
      value,
    });
  });

  it.each([
    [{}, 'sql: must be given once.'],
    [{ sql: '' }, 'sql: must not be empty.'],
    [{ sql: 'x'.repeat(100_001) }, 'sql: must not be longer than 100000 characters.'],
    [{ sql: 'x', format: 'xml' }, 'format: must be one of json, csv, parquet.'],
    [{ sql: 'x', format: 'text-rows' }, 'format: must be one of json, csv, parquet.'],
    [{ sql: 'x', limit: '0' }, 'limit: must be 1 to 1000000.'],
    [{ sql: 'x', limit: '1000001' }, 'limit: must be 1 to 1000000.'],
    [{ sql: 'x', timeout: '51s' }, 'timeout: must be a time such as 10s, up to 50s.'],
    [{ sql: 'x', timeout: 'soon' }, 'timeout: must be a time such as 10s, up to 50s.'],
    [{ sql: 'x', q: 'y' }, 'query: unknown q.'],
  ])('%o: %s', (parameters, reason) => {
    expect(parseQueryRequest(parameters)).toEqual({ ok: false, reason });
  });

  it.each([
    [[], 'body: expected a JSON object.'],
    [{ sql: 1 }, 'sql: expected a text.'],
    [{ sql: 'x', limit: 1.5 }, 'limit: must be a whole number of 1 to 1000000.'],
    [{ sql: 'x', limit: 2_000_000 }, 'limit: must be a whole number of 1 to 1000000.'],
  ])('a body %o: %s', (body, reason) => {
    expect(parseQueryBody(body)).toEqual({ ok: false, reason });
  });
});
