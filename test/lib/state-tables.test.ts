import { describe, expect, test } from 'vitest';
import { StateTables } from '../../src/lib/state-tables.js';

describe('state tables', () => {
  test('give each change once, with the last value of a key, and without a value where it is gone', () => {
    const state = new StateTables();
    const table = state.table<number>('a');
    table.set('x', 1);
    table.set('x', 2);
    table.set('y', 1);
    table.delete('y');
    state.table<string>('b').set('z', 'text');
    expect(new Set(state.takeChanges())).toEqual(
      new Set([
        ['a', 'x', 2],
        ['a', 'y'],
        ['b', 'z', 'text'],
      ]),
    );
    expect(state.takeChanges()).toEqual([]);
  });

  test('are the same after their changes were restored, and a restored change is not taken again', () => {
    const state = new StateTables();
    state.table<number>('a').set('x', 1);
    state.table<number>('a').set('y', 2);
    const first = state.takeChanges();
    state.table<number>('a').delete('x');
    const restored = new StateTables();
    restored.restore([...first, ...state.takeChanges()]);
    expect(restored.table('a').entries()).toEqual([['y', 2]]);
    expect(restored.takeChanges()).toEqual([]);
    expect(restored.takeAll()).toEqual([['a', 'y', 2]]);
  });

  test('all entries count as taken', () => {
    const state = new StateTables();
    state.table<number>('a').set('x', 1);
    expect(state.takeAll()).toEqual([['a', 'x', 1]]);
    expect(state.takeChanges()).toEqual([]);
  });

  test('an overlay reads what is below, and its changes are not seen there', () => {
    const state = new StateTables();
    const below = state.table<number>('a');
    below.set('x', 1);
    below.set('y', 1);
    state.takeChanges();
    const above = state.overlay().table<number>('a');
    above.set('x', 2);
    above.delete('y');
    above.set('z', 3);
    expect([above.get('x'), above.get('y'), above.get('z')]).toEqual([2, undefined, 3]);
    expect(above.entries()).toEqual([
      ['x', 2],
      ['z', 3],
    ]);
    expect(below.entries()).toEqual([
      ['x', 1],
      ['y', 1],
    ]);
    expect(state.takeChanges()).toEqual([]);
    below.set('w', 9);
    expect(above.get('w')).toBe(9);
  });

  test('an overlay counts a key that it has changed once, and the tables below it by the largest', () => {
    const [one, other] = [new StateTables(), new StateTables()];
    for (const key of ['x', 'y', 'z']) one.table<number>('a').set(key, 1);
    other.table<number>('a').set('w', 1);
    const table = StateTables.over([one, other]).table<number>('a');
    expect(table.size).toBe(3);
    table.set('x', 2);
    table.set('x', 3);
    expect(table.size).toBe(3);
    table.set('new', 1);
    table.delete('y');
    table.delete('y');
    table.delete('never');
    expect(table.size).toBe(3);
    table.set('y', 1);
    expect(table.size).toBe(4);
  });

  test('to look for a table through overlays makes none', () => {
    const state = new StateTables();
    const overlay = state.overlay().overlay();
    expect(overlay.table('a').get('x')).toBeUndefined();
    expect(state.names).toEqual([]);
    // One that is made meanwhile is seen.
    state.table<number>('a').set('x', 1);
    expect(overlay.table('a').get('x')).toBe(1);
  });
});
