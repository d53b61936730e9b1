import { expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

interface Summary {
  readonly name: string;
  readonly rowsOf?: { readonly measurement: string };
}
const { inChartOrder } = await pageModule<{
  inChartOrder(
    measurements: readonly Summary[],
    looks: readonly { readonly measurement: string }[],
  ): readonly Summary[];
}>('chart-order.js');

const STORED: readonly Summary[] = [
  { name: 'room-10' },
  { name: 'room-2' },
  { name: 'climate' },
  { name: 'climate_5min', rowsOf: { measurement: 'climate' } },
  { name: 'climate_1h', rowsOf: { measurement: 'climate' } },
];
const order = (...looks: string[]) =>
  inChartOrder(
    STORED,
    looks.map((measurement) => ({ measurement })),
  ).map(({ name }) => name);

it('is by name, with rows of windows last and from the finest', () => {
  expect(order()).toEqual(['climate', 'room-2', 'room-10', 'climate_5min', 'climate_1h']);
  expect(order('gone', 'climate_1h')).toEqual(order());
});

it('begins with a measurement that needs a look', () => {
  expect(order('gone', 'room-10', 'room-2')).toEqual([
    'room-10',
    'climate',
    'room-2',
    'climate_5min',
    'climate_1h',
  ]);
});
