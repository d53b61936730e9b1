import type { LatestGroup } from '../sink/sink.js';
import type { LatestRequest } from './series-request.js';

export interface LatestPage {
  /** Of all that the store knows since `from`. */
  readonly devices: number;
  /** Of these not heard of since `silentBefore`. */
  readonly silent: number;
  /** That the search found; `groups` is a part of them. */
  readonly found: number;
  readonly groups: readonly LatestGroup[];
}

/** The part of the devices that one page of the table shows: thousands stay here. */
export function latestPage(
  all: readonly LatestGroup[],
  { search, order, silentBeforeMs, offset, limit }: Omit<LatestRequest, 'query'>,
): LatestPage {
  const sought = search.toLowerCase();
  const found = sought === '' ? [...all] : all.filter(({ name }) => name.toLowerCase().includes(sought));
  found.sort(ORDERS[order]);
  return {
    devices: all.length,
    silent: all.reduce((sum, { atMs }) => sum + (atMs < silentBeforeMs ? 1 : 0), 0),
    found: found.length,
    groups: found.slice(offset, offset + limit),
  };
}

const byName = new Intl.Collator('en', { numeric: true });

const ORDERS: Record<LatestRequest['order'], (a: LatestGroup, b: LatestGroup) => number> = {
  silent: (a, b) => a.atMs - b.atMs || byName.compare(a.name, b.name),
  newest: (a, b) => b.atMs - a.atMs || byName.compare(a.name, b.name),
  name: (a, b) => byName.compare(a.name, b.name),
};
