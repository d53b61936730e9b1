import { expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

const { bytes, delay, duration, foreign, rate, share, value } = await pageModule<{
  bytes(number: number): string;
  delay(ms: number): string;
  share(part: number, whole: number): string;
  duration(ms: number): string;
  foreign(text: string, maxCharacters?: number): string;
  rate(perSecond: number | null): string;
  value(number: number | null | undefined): string;
}>('format.js');

it.each([
  [0, '0 B'],
  [1023, '1,023 B'],
  [1536, '1.5 KiB'],
  [4 * 1024 ** 3, '4 GiB'],
])('%i bytes read %s', (number, text) => expect(bytes(number)).toBe(text));

it.each([
  [0, '0 ms'],
  [4200, '4.2 s'],
  [59_900, '59 s'],
  [61_000, '1 min'],
  [7_500_000, '2 h 5 min'],
  [180_000_000, '2 d 2 h'],
])('%i ms read %s', (ms, text) => expect(duration(ms)).toBe(text));

it.each([
  [0, 'under 0.1 s'],
  [412, '0.4 s'],
  [61_000, '1 min'],
])('a delay of %i ms reads %s', (ms, text) => expect(delay(ms)).toBe(text));

it.each([
  [0, 10, 'none'],
  [1, 1_000, 'under 1\u00a0%'],
  [7, 100, '7\u00a0%'],
  [999, 1_000, '99\u00a0%'],
  [1, 0, 'none'],
])('%i of %i is %s', (part, whole, text) => expect(share(part, whole)).toBe(text));

it.each([
  [null, '–'],
  [0, '0'],
  [0.04, '0.0'],
  [12.34, '12.3'],
  [4213.4, '4,213'],
])('a rate of %s reads %s', (perSecond, text) => expect(rate(perSecond)).toBe(text));

it.each([
  [undefined, '–'],
  [null, '–'],
  [0, '0'],
  [0.000123456, '0.0001235'],
  [21.456, '21.46'],
  [1013.25, '1,013.25'],
  [-12_345_678, '-12.35M'],
])('a value of %s reads %s', (number, text) => expect(value(number)).toBe(text));

it('shows controls and text-direction marks of a device by number instead of obeying them', () => {
  expect(foreign('a\u0000b\u001b[31m\u202egnp.exe\u2028')).toBe(
    'a\\u{0}b\\u{1b}[31m\\u{202e}gnp.exe\\u{2028}',
  );
  expect(foreign('Zürich/温度/🌡')).toBe('Zürich/温度/🌡');
});

it('cuts what is too long to read', () => expect(foreign('x'.repeat(65_535), 10)).toBe(`${'x'.repeat(10)}…`));
