import type { InfluxqlAnswer, InfluxqlRequest } from '../influxql/answer.js';
import type { FieldType } from './point.js';
import type { SeriesCountQuery, StatisticsAnswer, StatisticsQuery } from './statistics.js';

/** Longer texts in a store are cut to this length when they are read. */
export const MAX_TEXT_CHARACTERS = 1_024;

/**
 * The read side of a store, for the live page and for dashboards. Calls may overlap with one another and with `Sink.write`. Every method
 * rejects with SINK_QUERY_FAILED or SINK_QUERY_UNSUPPORTED.
 */
export interface StoreReader {
  measurements(): Promise<readonly MeasurementSummary[]>;
  /** Resolves with what the values of a field come to, by group and cell of time. */
  statistics(query: StatisticsQuery): Promise<StatisticsAnswer>;
  /** Resolves with how many series each group has; a group may be absent where a store does not say it. */
  seriesCounts(query: SeriesCountQuery): Promise<ReadonlyMap<string, number>>;
  /** Resolves with when each group sent its newest point. */
  lastSeen(query: LastSeenQuery): Promise<readonly LastSeenGroup[]>;
  /** Resolves with the newest value of every field of the named groups. */
  newest(query: NewestQuery): Promise<NewestAnswer>;
  /** Resolves with when the numbers of each group have left a range. */
  leftRange(query: LeftRangeQuery): Promise<LeftRangeAnswer>;
  /** Answers a query of a dashboard. A store that answers InfluxQL itself rejects with SINK_QUERY_UNSUPPORTED. */
  influxql(request: InfluxqlRequest): Promise<InfluxqlAnswer>;
}

export interface MeasurementSummary {
  readonly name: string;
  readonly tags: readonly string[];
  readonly fields: readonly FieldSummary[];
  /** Present where it holds rows of windows: of which measurement they are, and how long a window is. No store says it. */
  readonly rowsOf?: { readonly measurement: string; readonly everyMs: number };
}

export interface FieldSummary {
  readonly name: string;
  readonly type: FieldType;
  /** What the rules of the gateway state; a store does not know it. */
  readonly unit?: string;
  /** As the unit. Where the numbers usually lie, both ends included. */
  readonly expected?: readonly [low: number, high: number];
}

/** Asks for the groups of a measurement with a point at `fromMs` or later. */
export interface LastSeenQuery {
  readonly measurement: string;
  /** Tag that identifies the device; without it the whole measurement is one group. */
  readonly by?: string;
  readonly fromMs: number;
  /** Limit of returned groups; the most recently seen are returned. */
  readonly maxGroups: number;
}

export interface LastSeenGroup {
  /** Value of the `by` tag; '' without `by` and for points without the tag. */
  readonly name: string;
  /** Time of the newest point in ms since 1970. */
  readonly atMs: number;
}

/** Asks for the newest value of every field of some groups. */
export interface NewestQuery {
  readonly measurement: string;
  readonly by?: string;
  /** Older points are ignored. */
  readonly fromMs: number;
  /** Group names as `lastSeen` returns them; [''] without `by`. */
  readonly names: readonly string[];
  /** Limit of returned fields; the first by name are returned. */
  readonly maxFields: number;
}

export interface NewestAnswer {
  /** True when `maxFields` omitted some. */
  readonly moreFields: boolean;
  /** Groups that have a value, in any order. */
  readonly groups: readonly { readonly name: string; readonly values: readonly NewestValue[] }[];
}

/** An int beyond 2^53 is rounded, a long text is cut to MAX_TEXT_CHARACTERS. */
export interface NewestValue {
  readonly field: string;
  readonly value: number | string | boolean;
}

/** Asks when the numbers of a field have left a range. */
export interface LeftRangeQuery {
  readonly measurement: string;
  readonly field: string;
  readonly by?: string;
  /** Group names as `lastSeen` returns them; [''] without `by`. At most MAX_LEFT_RANGE_GROUPS. */
  readonly names: readonly string[];
  /** Both ends belong to the range. */
  readonly low: number;
  readonly high: number;
  /** Older points are ignored. */
  readonly fromMs: number;
}

/** A store may ask for each group alone. */
export const MAX_LEFT_RANGE_GROUPS = 200;

/**
 * The time of the first number behind the newest one inside of the range, ms since 1970, by group. A group is absent when it
 * has no number inside since `fromMs`, or none behind it.
 */
export type LeftRangeAnswer = ReadonlyMap<string, number>;

export const LATEST_ORDERS = ['silent', 'newest', 'name'] as const;

/** Asks for one page of the table of devices. */
export interface LatestQuery {
  readonly measurement: string;
  /** Tag that identifies the device; without it the whole measurement is one group. */
  readonly by?: string;
  /** Older points are ignored. */
  readonly fromMs: number;
  /** Devices without a point since then (ms since 1970) count as silent. */
  readonly silentBeforeMs: number;
  /** Part of the name, ignoring case; '' matches all. */
  readonly search: string;
  /** Only the devices with these names. */
  readonly only?: readonly string[];
  /** All devices but those with these names. */
  readonly except?: readonly string[];
  readonly order: (typeof LATEST_ORDERS)[number];
  readonly offset: number;
  readonly limit: number;
}

export interface LatestPage {
  /** Number of devices in the store since `fromMs`, up to a limit. */
  readonly devices: number;
  /** True when there are more devices than the limit; the longest silent are omitted. */
  readonly moreDevices: boolean;
  /** How many of `devices` have no point since `silentBeforeMs`. */
  readonly silent: number;
  /** How many devices match the search; `groups` holds one page of them. */
  readonly found: number;
  readonly groups: readonly LatestGroup[];
  /** True when only the first fields by name have values here. */
  readonly moreFields: boolean;
}

/** A device with the newest value of each field. */
export interface LatestGroup {
  readonly name: string;
  /** Time of the newest point in ms since 1970. */
  readonly atMs: number;
  /** Sorted by field. A value may be older than the newest point. */
  readonly values: readonly NewestValue[];
}
