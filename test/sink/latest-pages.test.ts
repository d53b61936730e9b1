import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LatestPages, MAX_LATEST_FIELDS, MAX_LATEST_GROUPS } from '../../src/sink/latest-pages.js';
import {
  type LastSeenGroup,
  type LatestQuery,
  MAX_TEXT_CHARACTERS,
  type NewestQuery,
  type NewestValue,
  type StoreReader,
} from '../../src/sink/store-reader.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const QUERY: LatestQuery = {
  measurement: 'm',
  by: 'device',
  fromMs: 0,
  silentBeforeMs: 100,
  search: '',
  order: 'silent',
  offset: 0,
  limit: 50,
};

function pagesOf(
  lastSeen: readonly LastSeenGroup[],
  values: readonly NewestValue[] = [],
  moreFields = false,
) {
  const newest = vi.fn(async ({ names }: NewestQuery) => ({
    moreFields,
    groups: names.map((name) => ({ name, values })),
  }));
  const reader: Pick<StoreReader, 'lastSeen' | 'newest'> = {
    lastSeen: vi.fn(async ({ maxGroups }) => lastSeen.slice(0, maxGroups)),
    newest,
  };
  return { pages: new LatestPages(reader), lastSeen: reader.lastSeen, newest };
}

const FLEET = [
  { name: 'pump-2', atMs: 99 },
  { name: 'Pump-10', atMs: 99 },
  { name: 'valve', atMs: 300 },
  { name: '', atMs: 100 },
];

describe('a page of devices', () => {
  test.each([
    ['silent', ['pump-2', 'Pump-10', '', 'valve']],
    ['newest', ['valve', '', 'pump-2', 'Pump-10']],
    ['name', ['', 'pump-2', 'Pump-10', 'valve']],
  ] as const)('is ordered by %s, with numbers in names as numbers', async (order, names) => {
    const { pages } = pagesOf(FLEET);
    const page = await pages.page({ ...QUERY, order });
    expect(page.groups.map(({ name }) => name)).toEqual(names);
    expect(page).toMatchObject({ devices: 4, silent: 2, found: 4, moreDevices: false, moreFields: false });
  });

  test('can be limited to some names, or leave some out', async () => {
    const { pages } = pagesOf(FLEET);
    const namesOf = async (limited: Partial<LatestQuery>) =>
      (await pages.page({ ...QUERY, order: 'name', ...limited })).groups.map(({ name }) => name);
    expect(await namesOf({ only: ['valve', 'pump-2', 'gone'] })).toEqual(['pump-2', 'valve']);
    expect(await namesOf({ only: ['valve', 'pump-2'], search: 'pump' })).toEqual(['pump-2']);
    expect(await namesOf({ except: ['valve', ''] })).toEqual(['pump-2', 'Pump-10']);
    expect(await namesOf({ only: [] })).toEqual([]);
    const page = await pages.page({ ...QUERY, only: ['valve'] });
    expect(page).toMatchObject({ devices: 4, silent: 2, found: 1 });
  });

  test('counts all devices, searches part of the name ignoring case, and contains only the requested rows', async () => {
    const { pages, newest } = pagesOf(FLEET, [{ field: 'v', value: 1 }], true);
    const page = await pages.page({ ...QUERY, search: 'PUMP', offset: 1, limit: 5 });
    expect(page).toEqual({
      devices: 4,
      silent: 2,
      found: 2,
      moreDevices: false,
      moreFields: true,
      groups: [{ name: 'Pump-10', atMs: 99, values: [{ field: 'v', value: 1 }] }],
    });
    expect(newest.mock.calls.map(([query]) => query)).toEqual([
      { measurement: 'm', by: 'device', fromMs: 0, names: ['Pump-10'], maxFields: MAX_LATEST_FIELDS },
    ]);
  });

  test('without devices queries no values', async () => {
    const { pages, newest } = pagesOf(FLEET);
    expect((await pages.page({ ...QUERY, search: 'nobody' })).groups).toEqual([]);
    expect((await pages.page({ ...QUERY, offset: 4 })).groups).toEqual([]);
    expect(newest).not.toHaveBeenCalled();
  });

  test('has sorted fields and shortened texts, never cut in the middle of a character', async () => {
    const long = `${'x'.repeat(MAX_TEXT_CHARACTERS - 1)}🌧 and more`;
    const { pages } = pagesOf(FLEET, [
      { field: 'z', value: true },
      { field: 'a', value: long },
    ]);
    const [row] = (await pages.page(QUERY)).groups;
    expect(row?.values).toEqual([
      { field: 'a', value: 'x'.repeat(MAX_TEXT_CHARACTERS - 1) },
      { field: 'z', value: true },
    ]);
  });

  test('shows when there are more devices than are searched', async () => {
    const many = Array.from({ length: MAX_LATEST_GROUPS + 5 }, (_, nth) => ({ name: `d${nth}`, atMs: nth }));
    const { pages } = pagesOf(many);
    const page = await pages.page({ ...QUERY, limit: 1 });
    expect(page).toMatchObject({ devices: MAX_LATEST_GROUPS, found: MAX_LATEST_GROUPS, moreDevices: true });
  });
});

test('many pages with different searches use one list for two seconds', async () => {
  const { pages, lastSeen } = pagesOf(FLEET);
  await Promise.all(['', 'a', 'b'].map((search) => pages.page({ ...QUERY, search })));
  await pages.page({ ...QUERY, offset: 2 });
  expect(lastSeen).toHaveBeenCalledTimes(1);
  await pages.page({ ...QUERY, fromMs: 2_000 });
  expect(lastSeen).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(2_000);
  await pages.page(QUERY);
  expect(lastSeen).toHaveBeenCalledTimes(3);
});
