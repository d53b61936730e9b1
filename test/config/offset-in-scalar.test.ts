import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Pair, parseDocument, Scalar, stringify, type YAMLMap } from 'yaml';
import { offsetInScalar } from '../../src/config/offset-in-scalar.js';

/** The scalar of the only key of a document. */
function scalarOf(yaml: string): Scalar<string> {
  const document = parseDocument(yaml);
  expect(document.errors).toEqual([]);
  return ((document.contents as YAMLMap).items[0] as Pair).value as Scalar<string>;
}

/** What stands in the file from the place of the first `mark` in the value on. */
function sourceAt(yaml: string, mark: string): string | undefined {
  const scalar = scalarOf(yaml);
  const at = scalar.value.indexOf(mark);
  expect(at).toBeGreaterThanOrEqual(0);
  const offset = offsetInScalar(yaml, scalar, at);
  return offset === undefined ? undefined : yaml.slice(offset, offset + mark.length);
}

describe('a character of a text is found in the file, in every style of YAML', () => {
  test.each([
    ['plain', 'where: payload.a > 5 && nope.x\n'],
    ['plain over several lines', 'where: payload.a > 5\n  &&\n\n     nope.x\n'],
    ['in single quotes', "where: 'payload.a == ''x'' && nope.x'\n"],
    ['in single quotes over several lines', "where: 'it''s\n  so && nope.x'\n"],
    ['in double quotes', 'where: "payload.a == \\"x\\" && nope.x"\n'],
    ['in double quotes with escapes', 'where: "\\u00e9\\x41\\n\\t\\\\ \\U0001F600 nope.x"\n'],
    ['in double quotes with an escaped line end', 'where: "payload.a \\\n    && nope.x"\n'],
    ['as a literal block', 'where: |\n  payload.a > 5\n    && nope.x\n'],
    ['as a literal block with an indent', 'where: |2-\n    payload.a > 5\n  nope.x\n'],
    ['as a folded block', 'where: >-\n  payload.a\n  > 5\n\n  && nope.x\nlog: {}\n'],
  ])('%s', (_style, yaml) => {
    expect(sourceAt(yaml, 'nope.x')).toBe('nope.x');
  });

  test('an escape is found at its backslash', () => {
    expect(sourceAt('where: "payload.a == \\"x\\""\n', '"x')).toBe('\\"');
  });

  test('the end of the text is behind its last character', () => {
    for (const yaml of ['where: payload.t >\n', 'where: "payload.t >"\n', "where: 'payload.t >'\n"]) {
      const scalar = scalarOf(yaml);
      const offset = offsetInScalar(yaml, scalar, scalar.value.length);
      expect(yaml.slice(0, offset).endsWith('>')).toBe(true);
    }
  });
});

test('every visible character of any text is found in any style', () => {
  const styles: Scalar.Type[] = [
    Scalar.PLAIN,
    Scalar.QUOTE_SINGLE,
    Scalar.QUOTE_DOUBLE,
    Scalar.BLOCK_LITERAL,
    Scalar.BLOCK_FOLDED,
  ];
  const letters = fc.constantFrom(...'ab ..()"\'\\#:&*>|\n é😀');
  const text = fc.array(letters, { minLength: 1, maxLength: 120 }).map((all) => all.join(''));
  fc.assert(
    fc.property(text, fc.constantFrom(...styles), (value, type) => {
      const written = new Scalar(value);
      written.type = type;
      const yaml = stringify({ where: written }, { lineWidth: 40 });
      // The library does not write every text of blanks so that it reads it again.
      fc.pre(parseDocument(yaml).errors.length === 0 && scalarOf(yaml).value === value);
      const scalar = scalarOf(yaml);
      for (let at = 0; at < value.length; at += 1) {
        // Blanks may be folded, and these characters may be escaped.
        if (/[\s"'\\]/.test(value[at]!)) continue;
        expect(yaml[offsetInScalar(yaml, scalar, at) ?? -1]).toBe(value[at]);
      }
    }),
    { numRuns: 500 },
  );
});
