import { describe, expect, it } from 'vitest';
import { grafanaUnit, unitWords } from '../../src/grafana/units.js';

describe('the unit of a field', () => {
  it.each([
    ['celsius', 'celsius'],
    ['°C', 'celsius'],
    ['%', 'percent'],
    ['hPa', 'pressurehpa'],
    ['µg/m³', 'conμgm3'],
    ['kWh', 'kwatth'],
    ['m', 'lengthm'],
    ['min', 'm'],
    ['m/s', 'velocityms'],
    ['rpm', 'rotrpm'],
    ['dBm', 'dBm'],
  ])('%s is %s for Grafana', (word, unit) => {
    expect(grafanaUnit(word)).toBe(unit);
  });

  it('keeps small and capital letters apart: mW is not MW', () => {
    expect([grafanaUnit('mW'), grafanaUnit('MW')]).toEqual(['mwatt', 'megwatt']);
  });

  it('may be an id of Grafana, or one of its custom forms', () => {
    expect([grafanaUnit('pressurehpa'), grafanaUnit('suffix:bpm'), grafanaUnit('currency:€')]).toEqual([
      'pressurehpa',
      'suffix:bpm',
      'currency:€',
    ]);
  });

  it('becomes a suffix of the number when it is unknown', () => {
    expect(grafanaUnit('bpm')).toBe('suffix:bpm');
    expect(grafanaUnit('toString')).toBe('suffix:toString');
  });

  it('has each word once', () => {
    const words = unitWords().flatMap(([, own]) => own);
    expect(new Set(words).size).toBe(words.length);
  });
});
