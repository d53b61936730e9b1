import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

const { payloadLines } = await pageModule<{
  payloadLines(letter: { payload?: string; payloadBase64?: string }): { kind: string; lines: string[] };
}>('payload-text.js');

const lines = (payload: string) => payloadLines({ payload }).lines;

describe('payloadLines', () => {
  it('indents JSON', () => {
    expect(payloadLines({ payload: '{"a":[1,{"b":null}],"c":{},"d":[],"e":"x, {y}: \\"z\\""}' })).toEqual({
      kind: 'JSON',
      lines: [
        '{',
        '  "a": [',
        '    1,',
        '    {',
        '      "b": null',
        '    }',
        '  ],',
        '  "c": {},',
        '  "d": [],',
        '  "e": "x, {y}: \\"z\\""',
        '}',
      ],
    });
  });

  it('keeps numbers and repeated keys to the letter', () => {
    expect(lines('{"n":12345678901234567890.10,"n":1e400}')).toEqual([
      '{',
      '  "n": 12345678901234567890.10,',
      '  "n": 1e400',
      '}',
    ]);
  });

  it('changes nothing but the white space between the tokens of any JSON', () => {
    fc.assert(
      fc.property(fc.json(), (payload) => {
        const { kind } = payloadLines({ payload });
        expect(kind).toBe('JSON');
        // Control and direction marks are shown as their code point; a text without any must come out unchanged.
        fc.pre(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(payload));
        expect(JSON.stringify(JSON.parse(lines(payload).join('\n')))).toBe(
          JSON.stringify(JSON.parse(payload)),
        );
      }),
    );
  });

  it('does not make gigabytes of spaces from a payload of nothing but brackets', () => {
    const depth = 5_000;
    const shown = lines('['.repeat(depth) + ']'.repeat(depth));
    expect(shown.length).toBe(2 * depth - 1);
    expect(Math.max(...shown.map((line) => line.length))).toBeLessThan(60);
  });

  it('shows text by lines, and marks that act on text as what they are', () => {
    expect(payloadLines({ payload: 'a\u202eb\n\u0000{' })).toEqual({
      kind: 'text',
      lines: ['a\\u{202e}b', '\\u{0}{'],
    });
  });

  it('shows bytes as hexadecimal with their characters', () => {
    const payloadBase64 = Buffer.from([0, 0xff, ...Buffer.from('sluice gateway!!')]).toString('base64');
    expect(payloadLines({ payloadBase64 })).toEqual({
      kind: 'binary',
      lines: [
        '00000000  00 ff 73 6c 75 69 63 65 20 67 61 74 65 77 61 79  ..sluice gateway',
        `00000010  21 21${' '.repeat(42)}  !!`,
      ],
    });
  });

  it('has nothing to show of nothing', () => {
    expect(payloadLines({ payload: '' })).toEqual({ kind: 'text', lines: [''] });
    expect(payloadLines({ payloadBase64: '' })).toEqual({ kind: 'binary', lines: [] });
  });
});
