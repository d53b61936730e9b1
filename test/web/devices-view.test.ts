import { describe, expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

const view = await pageModule<{
  stateWords(group: object, mainField: string | undefined): string;
  columnsOf(fields: readonly object[]): { columns: string[]; main: string | undefined };
  countWords(answer: { devices: number; silent: number }): string;
  sinceWords(sinceMs: number): string;
  valueWords(raw: unknown, decimals?: number): string;
  decimalsOf(values: readonly unknown[]): number | undefined;
}>('devices-view.js');
const { devicesCsv } = await pageModule<{ devicesCsv(tables: readonly object[]): string }>('devices-csv.js');
const { deviceTagByName } = await pageModule<{
  deviceTagByName(tags: readonly string[]): string | undefined;
}>('devices-tag.js');

it.each([
  ['reporting', [], 'reporting'],
  ['late', [], 'late'],
  ['silent', [{ field: 't', outside: 'above' }], 'silent'],
  ['unreadable', [], 'cannot be read'],
  ['outside', [{ field: 't', outside: 'above' }], 'above its range'],
  ['outside', [{ field: 'battery', outside: 'below' }, { field: 't' }], 'battery below its range'],
  ['outside', [], 'outside its range'],
])('says of a device that is %s, with the values %j: %s', (state, values, words) => {
  expect(view.stateWords({ state, values }, 't')).toBe(words);
});

it('gives three fields columns: those with an expected range first, then those with a unit, ids and text last', () => {
  const fields = [
    { name: 'firmware', type: 'string' },
    { name: 'id', type: 'int' },
    { name: 'a', type: 'float' },
    { name: 'b', type: 'int', unit: 'W' },
    { name: 'c', type: 'int', expected: [1, 2] },
  ];
  expect(view.columnsOf(fields)).toMatchObject({ columns: ['c', 'b', 'a'], main: 'c' });
  expect(view.columnsOf(fields.slice(0, 1))).toMatchObject({ columns: ['firmware'], main: undefined });
});

it.each([
  [{ devices: 10_000, silent: 12 }, '10,000 devices, 12 silent'],
  [{ devices: 1, silent: 0 }, '1 device, none silent'],
])('counts %j as "%s"', (answer, words) => expect(view.countWords(answer)).toBe(words));

it.each([
  [0, 'now'],
  [4_900, '4 s ago'],
  [65_000, '1 min ago'],
  [7_200_000, '2 h ago'],
  [7_500_000, '2 h 5 min ago'],
])('says of %i ms: %s', (sinceMs, words) => expect(view.sinceWords(sinceMs)).toBe(words));

it.each([
  [undefined, '–'],
  [true, 'yes'],
  [false, 'no'],
  [21.456, '21.46'],
  ['1.4.2', '1.4.2'],
])('shows the value %s as %s', (raw, words) => expect(view.valueWords(raw)).toBe(words));

it.each([
  [[61, 62.4, 0], 1, ['61.0', '62.4', '0.0']],
  [[-77, -58], 0, ['-77', '-58']],
  [[1012.8, 16.99, true], 2, ['1,012.80', '16.99', 'yes']],
  [[0.004, 12.5], undefined, ['0.004', '12.5']],
  [[2_500_000, 12.5], undefined, ['2.5M', '12.5']],
  [['v1', undefined], undefined, ['v1', '–']],
])('shows a column of %j with %s decimals', (values, decimals, words) => {
  expect(view.decimalsOf(values)).toBe(decimals);
  expect(values.map((raw) => view.valueWords(raw, decimals))).toEqual(words);
});

describe('devicesCsv', () => {
  const group = (name: string, values: readonly object[]) => ({ name, atMs: 0, values });
  const csvOf = (groups: readonly object[]) => devicesCsv([{ measurement: 'm', tag: 'device', groups }]);

  it('has a column for each field of any device', () => {
    const groups = [group('d1', [{ field: 'b', value: 1.5 }]), group('d2', [{ field: 'a', value: true }])];
    expect(csvOf(groups)).toBe(
      'measurement,tag,device,last_value_at,a,b\r\n' +
        'm,device,d1,1970-01-01T00:00:00.000Z,,1.5\r\nm,device,d2,1970-01-01T00:00:00.000Z,true,\r\n',
    );
  });

  it('quotes what would break a row and disarms what a spreadsheet would run, but leaves numbers alone', () => {
    const csv = csvOf([group('=cmd()', [{ field: 'a,"b"', value: -5 }])]);
    expect(csv).toContain(`"a,""b"""`);
    expect(csv).toContain(`'=cmd(),1970-01-01T00:00:00.000Z,-5`);
  });
});

it.each([
  [['city', 'device'], 'device'],
  [['city', 'sensor_id'], 'sensor_id'],
  [['Device-ID', 'device'], 'device'],
  [['city', 'site'], undefined],
])('finds of the tags %j the one that is called as devices are: %s', (tags, tag) => {
  expect(deviceTagByName(tags)).toBe(tag);
});
