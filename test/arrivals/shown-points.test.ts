import { expect, it } from 'vitest';
import { namesIn, shownPoints } from '../../src/arrivals/shown-points.js';
import { pointOf, seriesOf } from '../support/points.js';

const text = {
  lineOf: () => 'a line',
  unitOf: (_rule: string, field: string) => (field === 't' ? '°C' : undefined),
};
const shown = (tags: Record<string, string>, fields: Record<string, number | bigint | string | boolean>) =>
  shownPoints('home', [pointOf(seriesOf('climate', tags), 1n, fields)], text);

it('shows the tag that names the device: device, a usual name, or the only one', () => {
  expect(shown({ client_id: 'c', device: 'd' }, { t: 1 }).device).toBe('d');
  expect(shown({ site: 's', sensor_id: 'x' }, { t: 1 }).device).toBe('x');
  expect(shown({ site: 's' }, { t: 1 }).device).toBe('s');
  expect(shown({ site: 's', room: 'r' }, { t: 1 }).device).toBeUndefined();
});

it('shows the first field that is a number with its unit, else the first', () => {
  expect(shown({}, { state: 'on', t: 21.5 })).toMatchObject({ field: 't', value: 21.5, unit: '°C' });
  expect(shown({}, { state: 'on', open: true })).toMatchObject({ field: 'state', value: 'on' });
  expect(shown({}, { n: 7n })).toMatchObject({ field: 'n', value: 7 });
  expect(shown({}, { n: 2n ** 60n })).toMatchObject({ field: 'n', value: String(2n ** 60n) });
});

it('cuts the lines together, and counts those that are left', () => {
  const points = Array.from({ length: 30 }, (_, n) =>
    pointOf(seriesOf('m', { device: `d${n % 12}` }), 1n, { n }),
  );
  const long = shownPoints('r', points, { lineOf: () => 'x'.repeat(3_000) });
  expect(long.lines?.map((line) => line.length)).toEqual([3_000, 1_096]);
  expect(long.moreLines).toBe(28);
  expect(shownPoints('r', points, text).lines?.length).toBe(10);
  expect(namesIn(points)).toEqual(['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'd6', 'd7', 'd8', 'd9']);
});

it('shows nothing of no points', () => {
  expect(shownPoints('home', [], text)).toEqual({});
});
