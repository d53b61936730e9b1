import { expect, it } from 'vitest';
import type { Arrival } from '../../src/arrivals/arrival.js';
import { pageModule } from '../support/page-module.js';

interface RecentLike {
  readonly rows: readonly Arrival[];
  readonly held: number;
  add(arrival: Arrival): void;
  pause(): void;
  resume(): void;
}
const { RecentArrivals } = await pageModule<{ RecentArrivals: new (maxRows: number) => RecentLike }>(
  'recent-arrivals.js',
);

const arrival = (id: string, outcome: Arrival['outcome'] = 'waiting') => ({ id, outcome }) as Arrival;
const shown = ({ rows }: RecentLike) => rows.map(({ id, outcome }) => `${id} ${outcome}`);

it('has the newest first, and no more than there is room for', () => {
  const recent = new RecentArrivals(2);
  for (const id of ['1', '2', '3']) recent.add(arrival(id));
  expect(shown(recent)).toEqual(['3 waiting', '2 waiting']);
});

it('changes a message in its place when more is known of it', () => {
  const recent = new RecentArrivals(2);
  recent.add(arrival('1'));
  recent.add(arrival('2'));
  recent.add(arrival('1', 'stored'));
  expect(shown(recent)).toEqual(['2 waiting', '1 stored']);
});

it('holds what comes during a pause, and what becomes of it', () => {
  const recent = new RecentArrivals(3);
  recent.add(arrival('1'));
  recent.pause();
  for (const id of ['2', '3', '4', '5']) recent.add(arrival(id));
  recent.add(arrival('1', 'stored'));
  recent.add(arrival('5', 'ignored'));
  expect([shown(recent), recent.held]).toEqual([['1 stored'], 3]);
  recent.resume();
  expect([shown(recent), recent.held]).toEqual([['5 ignored', '4 waiting', '3 waiting'], 0]);
});

it('shows the first message also during a pause: there is no row that could move', () => {
  const recent = new RecentArrivals(3);
  recent.pause();
  recent.add(arrival('1'));
  expect(shown(recent)).toEqual(['1 waiting']);
});
