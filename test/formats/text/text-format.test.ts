import { describe, expect, test } from 'vitest';
import { DEFAULT_JSON_LIMITS, ExactNumber } from '../../../src/formats/json/json-value.js';
import { textFormat } from '../../../src/formats/text/text-format.js';
import { StateTables } from '../../../src/lib/state-tables.js';

function decode(payload: string | Buffer) {
  const context = {
    limits: DEFAULT_JSON_LIMITS,
    topic: 'a/b',
    receivedAtNs: 0n,
    state: new StateTables(),
  };
  return textFormat.decode(Buffer.from(payload as string), context);
}

describe('a payload that is one value', () => {
  test.each([
    ['21.5', 21.5],
    [' 21.5\r\n', 21.5],
    ['-0', 0],
    ['+3', 3],
    ['1e3', 1000],
    ['true', true],
    ['false', false],
    ['ON', 'ON'],
    ['nan', 'nan'],
    ['', ''],
    ['007', '007'],
    ['0x1f', '0x1f'],
    ['1,5', '1,5'],
    ['12 C', '12 C'],
    ['1e400', '1e400'],
    ['1e-400', '1e-400'],
    ['{"a":1}', '{"a":1}'],
  ])('%j becomes %j', (payload, value) => {
    expect(decode(payload)).toEqual({ ok: true, value, holdsExact: false });
  });

  test('keeps the digits of a number that a double cannot hold', () => {
    const decoded = decode('7205759403792793601');
    expect(decoded).toMatchObject({ ok: true, holdsExact: true });
    expect(decoded.ok && decoded.value instanceof ExactNumber && decoded.value.text).toBe(
      '7205759403792793601',
    );
  });

  test('is refused when it is no UTF-8, or too large', () => {
    expect(decode(Buffer.from([0x41, 0xff]))).toMatchObject({ ok: false, code: 'payload-not-utf8' });
    expect(decode('a'.repeat(65_537))).toMatchObject({ ok: false, code: 'payload-too-large' });
  });
});
