import { beforeEach, describe, expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

interface Order {
  names: readonly string[] | undefined;
  isStale: boolean;
  found: number;
  keep(answer: object, order: string): readonly { name: string }[];
  forget(): void;
}

const { DevicesOrder, fitting } = await pageModule<{
  DevicesOrder: new () => Order;
  fitting(names: readonly string[]): readonly string[];
}>('devices-order.js');

const answer = (names: readonly string[], silent = 1, found = 120) => ({
  groups: names.map((name) => ({ name })),
  silent,
  found,
});

describe('the order of the rows', () => {
  let order: Order;
  const kept = (names: readonly string[], silent?: number) =>
    order.keep(answer(names, silent), 'silent').map(({ name }) => name);

  beforeEach(() => {
    order = new DevicesOrder();
  });

  it('stays as it was first, and knows when it is no longer right', () => {
    expect(kept(['b', 'a', 'c'])).toEqual(['b', 'a', 'c']);
    expect(order.names).toEqual(['b', 'a', 'c']);
    expect(kept(['b', 'a', 'c'])).toEqual(['b', 'a', 'c']);
    expect(order.isStale).toBe(false);
    expect(kept(['c', 'b', 'a'])).toEqual(['b', 'a', 'c']);
    expect(order.isStale).toBe(true);
    order.forget();
    expect(kept(['c', 'b', 'a'])).toEqual(['c', 'b', 'a']);
    expect(order.isStale).toBe(false);
  });

  it('is no longer right when another device of the table has become silent', () => {
    kept(['b', 'a'], 1);
    kept(['b', 'a'], 2);
    expect(order.isStale).toBe(true);
  });

  it('is that of the answer where rows are sorted by name, or names are too long to be asked for', () => {
    order.keep(answer(['a']), 'name');
    expect(order.names).toBeUndefined();
    order.keep(answer(['x'.repeat(5_000), 'y'.repeat(5_000)]), 'silent');
    expect(order.names).toBeUndefined();
  });
});

it('asks for fifty names at most, and for no more characters than an address takes', () => {
  expect(fitting(Array.from({ length: 60 }, (_, nth) => `d${nth}`))).toHaveLength(50);
  expect(fitting(['a', 'ü'.repeat(900), 'ü'.repeat(900)])).toHaveLength(2);
  expect(fitting([])).toEqual([]);
});
