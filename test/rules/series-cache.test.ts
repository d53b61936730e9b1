import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMappingWarningCounts, MappingFailure } from '../../src/rules/mapped.js';
import { SeriesCache } from '../../src/rules/series-cache.js';
import type { Series } from '../../src/sink/point.js';
import { memberOfPayload, sampleReading } from './sample-record.js';

const tag = (name: string) => ({
  name,
  get: memberOfPayload(name),
});

function seriesOf(cache: SeriesCache, payload: string, warnings = createMappingWarningCounts()): Series {
  const series = cache.series(sampleReading(payload), warnings);
  if (series instanceof MappingFailure) throw new Error(series.reason);
  return series;
}

describe('one series, one object', () => {
  test('equal tag sets share it, different ones do not', () => {
    const cache = new SeriesCache('m', [tag('a'), tag('b')]);
    const first = seriesOf(cache, '{"a":"x","b":"y"}');
    expect(seriesOf(cache, '{"b":"y","a":"x","c":1}')).toBe(first);
    expect(seriesOf(cache, '{"a":"x","b":"z"}')).not.toBe(first);
    expect(first).toEqual({
      measurement: 'm',
      tags: [
        { name: 'a', value: 'x' },
        { name: 'b', value: 'y' },
      ],
    });
  });

  test('values that are alike when joined stay apart', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text(), text(), text()), { minLength: 2, maxLength: 20 }), (sets) => {
        const cache = new SeriesCache('m', [tag('a'), tag('b'), tag('c')]);
        for (const [a, b, c] of sets) {
          const { tags } = seriesOf(cache, JSON.stringify({ a, b, c }));
          const found = Object.fromEntries(tags.map(({ name, value }) => [name, value]));
          expect({ a: '', b: '', c: '', ...found }).toEqual({ a, b, c });
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    [{ a: 'x', b: 'y:z' }, { a: 'x:y', b: 'z' }, 'a colon'],
    [{ a: 'x', b: '1:y' }, { a: 'x1:y', b: '' }, 'a length'],
    [{ a: '', b: 'x' }, { a: 'x', b: '' }, 'an empty value'],
  ])('%j and %j stay apart: %s', (left, right, _why) => {
    const cache = new SeriesCache('m', [tag('a'), tag('b')]);
    expect(seriesOf(cache, JSON.stringify(left))).not.toEqual(seriesOf(cache, JSON.stringify(right)));
  });

  test('without tags there is one series', () => {
    const cache = new SeriesCache('m', []);
    expect(seriesOf(cache, '{}')).toBe(seriesOf(cache, '{"a":1}'));
    expect(seriesOf(cache, '{}').tags).toEqual([]);
  });

  test('a series that was not used recently is created again, equal to the old one', () => {
    const cache = new SeriesCache('m', [tag('a')], 10);
    const first = seriesOf(cache, '{"a":"0"}');
    for (let index = 1; index <= 20; index++) seriesOf(cache, `{"a":"${index}"}`);
    const again = seriesOf(cache, '{"a":"0"}');
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
  });

  function text(): fc.Arbitrary<string> {
    return fc.string({ unit: fc.constantFrom('1', ':'), maxLength: 3 });
  }
});

describe('values', () => {
  test.each([
    ['"Mumbai"', 'Mumbai', 'text'],
    ['"a,b c=d\\"e"', 'a,b c=d"e', 'the line encoder escapes these'],
    ['5', '5', 'a number as its text'],
    ['1.50', '1.5', 'a number as its shortest text'],
    ['-0', '0', 'minus zero'],
    ['9007199254740993', '9007199254740993', 'an exact number as it was written'],
    ['true', 'true', 'a boolean as its text'],
    [`"${'é'.repeat(512)}"`, 'é'.repeat(512), '1,024 bytes'],
  ])('%s becomes %s', (literal, value, _why) => {
    const cache = new SeriesCache('m', [tag('a')]);
    expect(seriesOf(cache, `{"a":${literal}}`).tags).toEqual([{ name: 'a', value }]);
  });

  test.each([
    ['{}', 'missing'],
    ['{"a":null}', 'null'],
    ['{"a":""}', 'empty'],
  ])('%s: the tag is omitted with a warning, also the second time', (payload, _why) => {
    const cache = new SeriesCache('m', [tag('a')]);
    const warnings = createMappingWarningCounts();
    expect(seriesOf(cache, payload, warnings).tags).toEqual([]);
    seriesOf(cache, payload, warnings);
    expect(warnings['tag-missing']).toBe(2);
  });

  test.each([
    ['"a\\nevil v=1"', 'holds a control character'],
    ['"a\\u007f"', 'holds a control character'],
    ['"a\\\\"', 'ends in a backslash'],
    [`"${'x'.repeat(1_025)}"`, 'is longer than 1024 bytes'],
    [`"${'é'.repeat(513)}"`, 'is longer than 1024 bytes'],
    ['[1]', 'is an array'],
    ['{"x":1}', 'is an object'],
  ])('%s is rejected, also the second time', (literal, words) => {
    const cache = new SeriesCache('m', [tag('a'), tag('b')]);
    for (const _round of [1, 2]) {
      const series = cache.series(sampleReading(`{"a":${literal},"b":"x"}`), createMappingWarningCounts());
      expect(series).toMatchObject({ code: 'tag-invalid' });
      expect(series instanceof MappingFailure ? series.reason : '').toContain(words);
    }
  });
});
