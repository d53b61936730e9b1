import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactNumber, type JsonValue } from '../../src/formats/json/json-value.js';
import { compileWords, plainNumber, type WordOptions } from '../../src/rules/value-words.js';

function prepared(options: WordOptions, value: JsonValue): JsonValue {
  return compileWords(options)!(value);
}

describe('plainNumber', () => {
  it.each([
    ['7.50', '7.50'],
    ['0007.50', '0007.50'],
    [' +21.5 ', '21.5'],
    ['-0.5', '-0.5'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1.5e3', '1.5e3'],
  ])('%j is %s', (text, number) => {
    expect(plainNumber(text)).toBe(number);
  });

  it.each(['', ' ', '.', '+', '-', '0x1f', 'Infinity', 'NaN', '1,5', '1 2', '--1', '1e', 'e3', '٣'])(
    '%j is none',
    (text) => {
      expect(plainNumber(text)).toBeUndefined();
    },
  );

  it('gives what Number gives, for every number that Number writes', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(Number(plainNumber(` +${Math.abs(number)}`))).toBe(Math.abs(number));
      }),
    );
  });
});

describe('compileWords', () => {
  it('is nothing without options', () => {
    expect(compileWords({})).toBeUndefined();
    expect(compileWords({ noValue: [], suffix: [], decimalComma: false })).toBeUndefined();
  });

  it.each<[JsonValue, JsonValue]>([
    ['None', null],
    [' none ', null],
    ['', null],
    [-127, null],
    ['-127.0', null],
    [new ExactNumber('-127.0000000000000000000'), null],
    [-126, -126],
    ['nonesuch', 'nonesuch'],
    [true, true],
  ])('knows of %j whether it is a value', (value, expected) => {
    expect(prepared({ noValue: ['', 'none', -127] }, value)).toEqual(expected);
  });

  it.each<[JsonValue, JsonValue]>([
    ['ON', true],
    ['off', false],
    ['true', true],
    [1, true],
    [true, true],
    ['dim', 'dim'],
    [2, 2],
  ])('maps %j', (value, expected) => {
    expect(prepared({ map: { ON: true, OFF: false, true: true, 1: true } }, value)).toEqual(expected);
  });

  it('prefers the key of the same case', () => {
    const map = { m: 1, M: 2 };
    expect([prepared({ map }, 'm'), prepared({ map }, 'M')]).toEqual([1, 2]);
  });

  it.each([
    ['7,30', '7.30'],
    ['-0,5', '-0.5'],
    ['1.234,5', '1234.5'],
    ['1.234.567,89', '1234567.89'],
    ['7.30', '7.30'],
    ['12', '12'],
  ])('reads the decimal comma of %s', (text, expected) => {
    expect(prepared({ decimalComma: true }, text)).toBe(expected);
  });

  it.each([
    ['23.5 °C', '23.5'],
    ['23.5°C ', '23.5'],
    ['3 kWh', '3'],
    ['3 h', '3'],
    ['23.5', '23.5'],
    ['C', ''],
  ])('removes the suffix of %j', (text, expected) => {
    expect(prepared({ suffix: ['h', 'kWh', '°C', 'C'] }, text)).toBe(expected);
  });

  it('takes the steps in this order: no value, map, suffix, decimal comma', () => {
    const options: WordOptions = {
      noValue: ['--'],
      map: { low: '0,5 V' },
      suffix: ['V'],
      decimalComma: true,
    };
    expect(prepared(options, 'low')).toBe('0.5');
    expect(prepared(options, '--')).toBeNull();
    expect(prepared(options, '1,25V')).toBe('1.25');
  });
});
