import { expect, test } from 'vitest';
import { KnownDevices, MAX_KNOWN_DEVICES } from '../../src/devices/known-devices.js';
import type { LastSeenGroup, LastSeenQuery } from '../../src/sink/store-reader.js';

const NOW_MS = 1_796_000_000_000;
const HOUR_MS = 3_600_000;
const QUERY = { measurement: 'm', by: 'device' };

function asked() {
  const queries: LastSeenQuery[] = [];
  const store = { groups: [] as LastSeenGroup[], failure: undefined as Error | undefined };
  const known = new KnownDevices({
    lastSeen: async (query) => {
      queries.push(query);
      if (store.failure !== undefined) throw store.failure;
      return store.groups.filter(({ atMs }) => atMs >= query.fromMs);
    },
  });
  return { queries, store, known };
}

test('a week is read once, and then what has come since; a device keeps its newest time', async () => {
  const { queries, store, known } = asked();
  store.groups = [
    { name: 'old', atMs: NOW_MS - 100 * HOUR_MS },
    { name: 'a', atMs: NOW_MS },
  ];
  await known.of(QUERY, NOW_MS);
  store.groups = [
    { name: 'a', atMs: NOW_MS - 1_000 },
    { name: 'new', atMs: NOW_MS + 1_000 },
  ];
  const { devices, moreDevices } = await known.of(QUERY, NOW_MS + 5_000);
  expect([...devices]).toEqual([
    ['old', NOW_MS - 100 * HOUR_MS],
    ['a', NOW_MS],
    ['new', NOW_MS + 1_000],
  ]);
  expect(moreDevices).toBe(false);
  expect(queries.map(({ fromMs }) => NOW_MS - fromMs)).toEqual([7 * 24 * HOUR_MS, HOUR_MS / 4]);
});

test('the list is read again as a whole, seldom in the end: what came late is found, and what is deleted goes', async () => {
  const { queries, store, known } = asked();
  store.groups = [{ name: 'a', atMs: NOW_MS }];
  await known.of(QUERY, NOW_MS);
  // A device that sent what it had kept, and is silent since.
  store.groups = [{ name: 'late', atMs: NOW_MS - 3 * HOUR_MS }];
  expect([...(await known.of(QUERY, NOW_MS + 15_000)).devices.keys()]).toEqual(['a']);
  expect([...(await known.of(QUERY, NOW_MS + 15_001)).devices.keys()]).toEqual(['late']);
  const wholeAt: number[] = [];
  for (let afterMs = 20_000; afterMs < 30 * HOUR_MS; afterMs += 5000) {
    await known.of(QUERY, NOW_MS + afterMs);
    if (NOW_MS + afterMs - queries.at(-1)!.fromMs > 24 * HOUR_MS) wholeAt.push(afterMs);
  }
  expect(wholeAt.slice(0, 3).map((ms) => Math.round(ms / 15_000))).toEqual([3, 8, 16]);
  expect(wholeAt.at(-1)! - wholeAt.at(-2)!).toBeGreaterThanOrEqual(6 * HOUR_MS);
  expect(wholeAt.length).toBeLessThan(16);
});

test('where a week is too much for the store, the next try asks for less', async () => {
  const { queries, store, known } = asked();
  store.failure = new Error('too slow');
  for (let tries = 0; tries < 4; tries++) await expect(known.of(QUERY, NOW_MS)).rejects.toThrow('too slow');
  expect(queries.map(({ fromMs }) => (NOW_MS - fromMs) / HOUR_MS)).toEqual([168, 24, 1, 168]);
});

test('beyond the bound there are more devices than are known', async () => {
  const { queries, store, known } = asked();
  store.groups = Array.from({ length: MAX_KNOWN_DEVICES + 1 }, (_, nth) => ({
    name: `d${nth}`,
    atMs: NOW_MS,
  }));
  const { devices, moreDevices } = await known.of(QUERY, NOW_MS);
  expect([devices.size, moreDevices, queries[0]?.maxGroups]).toEqual([
    MAX_KNOWN_DEVICES,
    true,
    MAX_KNOWN_DEVICES + 1,
  ]);
});
