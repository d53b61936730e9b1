import { describe, expect, it } from 'vitest';
import { conversionBetween } from '../../src/rules/unit-conversion.js';

function converted(value: number, from: string, to: string): number {
  const result = conversionBetween(from, to);
  if (!result.ok) throw new Error(result.problem);
  return result.convert(value);
}

describe('conversionBetween', () => {
  it.each([
    [212, 'fahrenheit', 'celsius', 100],
    [32, '°F', '°C', 0],
    [-40, 'celsius', 'fahrenheit', -40],
    [0, 'celsius', 'kelvin', 273.15],
    [1013.25, 'hPa', 'Pa', 101_325],
    [1, 'bar', 'hPa', 1000],
    [36, 'km/h', 'm/s', 10],
    [1, 'kWh', 'MJ', 3.6],
    [2985, 'mV', 'V', 2.985],
    [12, 'in', 'ft', 1],
    [0.5, 'ratio', 'percent', 50],
    [90, 's', 'min', 1.5],
    [1, 'lb', 'oz', 16],
  ])('%d %s in %s is %d', (value, from, to, expected) => {
    expect(converted(value, from, to)).toBeCloseTo(expected, 12);
  });

  it('is exact where the definition has whole numbers', () => {
    for (let celsius = -100; celsius <= 1000; celsius += 5) {
      expect(converted((celsius * 9) / 5 + 32, 'fahrenheit', 'celsius')).toBe(celsius);
    }
  });

  it.each([
    ['furlong', 'm', '"furlong" is no unit that can be converted'],
    ['farenheit', 'celsius', '"farenheit" is no unit that can be converted; did you mean fahrenheit?'],
    ['F', '°C', '"F" is no unit that can be converted; did you mean °F?'],
    ['m', 'KM', '"KM" is no unit that can be converted; units are case-sensitive: km'],
    ['V', 'A', 'V is a voltage and A is a current'],
  ])('says why %s cannot become %s', (from, to, problem) => {
    expect(conversionBetween(from, to)).toEqual({ ok: false, problem });
  });
});
