import { RecentAnswers } from '../recent-answers.js';
import {
  type HeardGroup,
  type HeardQuery,
  type LatestPage,
  type LatestQuery,
  MAX_TEXT_CHARACTERS,
  type NewestAnswer,
  type NewestValue,
  type StoreReader,
} from './sink.js';

/** Devices that are looked through for one page; nobody reads further. */
export const MAX_LATEST_GROUPS = 20_000;
/** Of one device; a table shows fewer. */
export const MAX_LATEST_FIELDS = 50;

/** Many pages with different searches look through the same list. */
const KEEP_HEARD_MS = 2_000;
const MAX_HEARD_LISTS = 4;

/**
 * Pages of the table of devices. The store is asked who was heard of, which is cheap for thousands, and then for
 * the values of the few on the page. Runs where the reader does, so that thousands never cross to another thread.
 */
export class LatestPages {
  readonly #reader: StoreReader;
  readonly #heard = new RecentAnswers<readonly HeardGroup[]>(KEEP_HEARD_MS, MAX_HEARD_LISTS);

  constructor(reader: StoreReader) {
    this.#reader = reader;
  }

  async page(query: LatestQuery): Promise<LatestPage> {
    const { measurement, fromMs, silentBeforeMs } = query;
    const split = query.by === undefined ? {} : { by: query.by };
    const heard = await this.#heardSince({ measurement, ...split, fromMs, maxGroups: MAX_LATEST_GROUPS + 1 });
    const devices = heard.slice(0, MAX_LATEST_GROUPS);
    const found = foundAmong(devices, query);
    const shown = found.slice(query.offset, query.offset + query.limit);
    const names = shown.map(({ name }) => name);
    const newest =
      names.length === 0
        ? NOTHING
        : await this.#reader.newest({ measurement, ...split, fromMs, names, maxFields: MAX_LATEST_FIELDS });
    const valuesOf = new Map(newest.groups.map(({ name, values }) => [name, values]));
    return {
      devices: devices.length,
      moreDevices: heard.length > devices.length,
      silent: devices.reduce((sum, { atMs }) => sum + (atMs < silentBeforeMs ? 1 : 0), 0),
      found: found.length,
      groups: shown.map(({ name, atMs }) => ({ name, atMs, values: shownValues(valuesOf.get(name) ?? []) })),
      moreFields: newest.moreFields,
    };
  }

  #heardSince(query: HeardQuery): Promise<readonly HeardGroup[]> {
    return this.#heard.get(JSON.stringify(query), () => this.#reader.heard(query));
  }
}

const NOTHING: NewestAnswer = { moreFields: false, groups: [] };

function foundAmong(devices: readonly HeardGroup[], { search, order }: LatestQuery): HeardGroup[] {
  const sought = search.toLowerCase();
  const found =
    sought === '' ? [...devices] : devices.filter(({ name }) => name.toLowerCase().includes(sought));
  return found.sort(ORDERS[order]);
}

const byName = new Intl.Collator('en', { numeric: true });

const ORDERS: Record<LatestQuery['order'], (a: HeardGroup, b: HeardGroup) => number> = {
  silent: (a, b) => a.atMs - b.atMs || byName.compare(a.name, b.name),
  newest: (a, b) => b.atMs - a.atMs || byName.compare(a.name, b.name),
  name: (a, b) => byName.compare(a.name, b.name),
};

function shownValues(values: readonly NewestValue[]): NewestValue[] {
  return values
    .map(({ field, value }) => ({ field, value: typeof value === 'string' ? shortened(value) : value }))
    .sort((a, b) => (a.field < b.field ? -1 : a.field > b.field ? 1 : 0));
}

/** A cut through a surrogate pair leaves no half of it. */
function shortened(text: string): string {
  return text.slice(0, MAX_TEXT_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '');
}
