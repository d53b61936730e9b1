import { RecentAnswers } from '../lib/recent-answers.js';
import {
  type LastSeenGroup,
  type LastSeenQuery,
  type LatestPage,
  type LatestQuery,
  MAX_TEXT_CHARACTERS,
  type NewestAnswer,
  type NewestValue,
  type StoreReader,
} from './store-reader.js';

/** Limit of devices that are searched for one page. */
export const MAX_LATEST_GROUPS = 20_000;
/** Limit of fields of one device; a table shows fewer. */
export const MAX_LATEST_FIELDS = 50;

/** Time that a list of devices is kept, because many pages with different searches use the same list. */
const KEEP_LAST_SEEN_MS = 2_000;
const MAX_LAST_SEEN_LISTS = 4;

type CountSilent = (devices: readonly LastSeenGroup[]) => number | Promise<number>;
type DevicesReader = Pick<StoreReader, 'lastSeen' | 'newest'>;

/**
 * Answers queries for pages of the table of devices. It first queries when each device was last seen, which is cheap
 * for thousands, and then the values of the few devices on the page. It runs on the reader's thread, so that
 * thousands of devices are never copied to another thread.
 */
export class LatestPages {
  readonly #reader: DevicesReader;
  readonly #lastSeenLists = new RecentAnswers<readonly LastSeenGroup[]>(
    KEEP_LAST_SEEN_MS,
    MAX_LAST_SEEN_LISTS,
  );

  constructor(reader: DevicesReader) {
    this.#reader = reader;
  }

  /** @param countSilent how many of all devices are silent; absent: those without a point since `silentBeforeMs` */
  async page(query: LatestQuery, countSilent: CountSilent = countBefore(query)): Promise<LatestPage> {
    const { measurement, by, fromMs } = query;
    const lastSeen = await this.#lastSeenSince({
      measurement,
      by,
      fromMs,
      maxGroups: MAX_LATEST_GROUPS + 1,
    });
    const devices = lastSeen.slice(0, MAX_LATEST_GROUPS);
    const silent = await countSilent(devices);
    const found = searchIn(devices, query);
    const shown = found.slice(query.offset, query.offset + query.limit);
    const names = shown.map(({ name }) => name);
    const newest =
      names.length === 0
        ? NO_VALUES
        : await this.#reader.newest({ measurement, by, fromMs, names, maxFields: MAX_LATEST_FIELDS });
    const valuesOf = new Map(newest.groups.map(({ name, values }) => [name, values]));
    return {
      devices: devices.length,
      moreDevices: lastSeen.length > devices.length,
      silent,
      found: found.length,
      groups: shown.map(({ name, atMs }) => ({ name, atMs, values: shownValues(valuesOf.get(name) ?? []) })),
      moreFields: newest.moreFields,
    };
  }

  #lastSeenSince(query: LastSeenQuery): Promise<readonly LastSeenGroup[]> {
    return this.#lastSeenLists.get(JSON.stringify(query), () => this.#reader.lastSeen(query));
  }
}

function countBefore({ silentBeforeMs }: LatestQuery): CountSilent {
  return (devices) => devices.filter(({ atMs }) => atMs < silentBeforeMs).length;
}

const NO_VALUES: NewestAnswer = { moreFields: false, groups: [] };

function searchIn(devices: readonly LastSeenGroup[], query: LatestQuery): LastSeenGroup[] {
  const text = query.search.toLowerCase();
  const only = query.only && new Set(query.only);
  const except = new Set(query.except);
  return devices
    .filter(({ name }) => (only === undefined || only.has(name)) && !except.has(name))
    .filter(({ name }) => text === '' || name.toLowerCase().includes(text))
    .sort(ORDERS[query.order]);
}

const byName = new Intl.Collator('en', { numeric: true });

const ORDERS: Record<LatestQuery['order'], (a: LastSeenGroup, b: LastSeenGroup) => number> = {
  silent: (a, b) => a.atMs - b.atMs || byName.compare(a.name, b.name),
  newest: (a, b) => b.atMs - a.atMs || byName.compare(a.name, b.name),
  name: (a, b) => byName.compare(a.name, b.name),
};

function shownValues(values: readonly NewestValue[]): NewestValue[] {
  return values
    .map(({ field, value }) => ({ field, value: typeof value === 'string' ? shortened(value) : value }))
    .sort((a, b) => (a.field < b.field ? -1 : a.field > b.field ? 1 : 0));
}

/** Cuts a text without leaving half of a surrogate pair. */
function shortened(text: string): string {
  return text.slice(0, MAX_TEXT_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '');
}
