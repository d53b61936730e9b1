import type { SeriesQuery } from '../../src/reading/series-query.js';
import { SeriesReader } from '../../src/reading/series-reader.js';
import { LatestPages } from '../../src/sink/latest-pages.js';
import type { LatestQuery, StoreReader } from '../../src/sink/store-reader.js';
import { FLEET_FIELDS, FLEET_MEASUREMENT } from './large-fleet.js';

const DAY_MS = 86_400_000;
const BUCKETS = 150;
const GROUPS = 13;

export interface PageQuestion {
  readonly name: string;
  /** Rejects when the answer is not the one expected. */
  ask(): Promise<void>;
}

/** What the live page asks of a store that holds the fleet; nothing is cached. */
export function pageQuestions(reader: StoreReader, devices: number, spanMs: number): PageQuestion[] {
  const latest = (change: Partial<LatestQuery>) => async () => {
    const nowMs = Date.now();
    const query: LatestQuery = {
      measurement: FLEET_MEASUREMENT,
      by: 'device',
      fromMs: nowMs - DAY_MS,
      silentBeforeMs: nowMs - 60_000,
      search: '',
      order: 'silent',
      offset: 0,
      limit: 50,
      ...change,
    };
    const page = await new LatestPages(reader).page(query);
    const values = page.groups[0]?.values.length;
    expectSame('devices', page.devices, devices);
    expectSame('rows', page.groups.length, query.limit);
    expectSame('values', values, FLEET_FIELDS.length);
  };
  const charts = new SeriesReader({
    points: reader,
    rowsIn: () => undefined,
    readable: () => [],
    pointsFromMs: () => undefined,
  });
  const series = (groups: number, change: Partial<SeriesQuery>) => async () => {
    const toMs = Date.now();
    const answer = await charts.read({
      measurement: FLEET_MEASUREMENT,
      field: FLEET_FIELDS[0]!,
      fromMs: toMs - spanMs,
      toMs,
      bucketMs: Math.ceil(spanMs / BUCKETS),
      fn: 'mean',
      resolution: 'auto',
      order: 'count',
      maxBuckets: BUCKETS,
      offset: 0,
      limit: GROUPS,
      ...change,
    });
    expectSame('groups', answer.groups.length, groups);
  };
  return [
    {
      name: 'measurements',
      ask: async () => expectSame('measurements', (await reader.measurements()).length, 1),
    },
    { name: 'latest: page of 50 of all devices', ask: latest({}) },
    { name: 'latest: page of 200, by name', ask: latest({ limit: 200, order: 'name' }) },
    { name: 'series: all devices as one line', ask: series(1, {}) },
    { name: 'series: by device, 13 of all', ask: series(GROUPS, { by: 'device' }) },
    {
      name: 'series: only one device',
      ask: series(1, { only: { tag: 'device', values: ['device-7'] } }),
    },
  ];
}

function expectSame(what: string, got: number | undefined, expected: number): void {
  if (got !== expected) throw new Error(`${what}: got ${got}, expected ${expected}`);
}
