import type { FieldType } from '../point.js';
import type { FoldField, FoldQuery } from '../window-reader.js';
import type { InterruptibleRead } from './interruptible-read.js';
import { type SeriesRange, seriesRanges } from './series-ranges.js';
import {
  hasOneOf,
  isInSpan,
  type StoredMeasurement,
  storedMeasurement,
  tagTexts,
} from './stored-measurement.js';

/** Measured with DuckDB 1.5: 18 bytes for each aggregate of a group, and what the answer takes. */
const BYTES_PER_AGGREGATE = 24;
/** count, sum, variance, min, max, first, last. */
const AGGREGATES_PER_FIELD = 7;
/** No group has more bins than that unless its values lie far apart. */
const MAX_EXPECTED_BINS = 100;
/** Of the fields whose frequent values are asked for; a text takes the room of some aggregates. */
const MAX_EXPECTED_VALUES = 100;
const AGGREGATES_PER_VALUE = 4;
/** What our own memory has of one slice. */
const MAX_GROUPS_AT_ONCE = 10_000;

/** A field that is asked for and stored. */
export interface PlannedField {
  readonly asked: FoldField;
  readonly type: FieldType;
  /** The value of a row `p`; a number is a DOUBLE. */
  readonly value: string;
}

/** Whole groups: where each series is one, a range of them, else those with one remainder of their hash. */
export type FoldSlice =
  | { readonly kind: 'range'; readonly range: SeriesRange }
  | { readonly kind: 'hash'; readonly nth: number; readonly of: number };

/** A fold, cut into slices of whole groups that fit into memory one after the other. */
export interface FoldPlan {
  readonly query: FoldQuery;
  readonly stored: StoredMeasurement;
  readonly fields: readonly PlannedField[];
  readonly slices: readonly FoldSlice[];
  /** What one statement may take. */
  readonly budgetBytes: number;
}

/** Resolves with undefined when nothing can be in the answer. */
export async function planFold(
  read: InterruptibleRead,
  query: FoldQuery,
  budgetBytes: number,
): Promise<FoldPlan | undefined> {
  if (query.fromNs >= query.toNs) return undefined;
  const stored = await storedMeasurement(read, query.measurement);
  if (stored === undefined) return undefined;
  const fields = plannedFields(stored, query.fields);
  if (fields.length === 0) return undefined;
  const [counted] = await read.rows(countSql(stored, query));
  const [groups, rows] = (counted ?? []) as readonly (number | undefined)[];
  if (groups === undefined || rows === undefined || groups === 0) return undefined;
  const groupBytes = bytesPerGroup(fields, rows / groups);
  const atOnce = Math.min(MAX_GROUPS_AT_ONCE, Math.max(1, Math.floor(budgetBytes / groupBytes)));
  const slices =
    query.by === undefined
      ? await rangeSlices(read, stored, query, atOnce)
      : hashSlices(Math.ceil(groups / atOnce));
  return { query, stored, fields, slices, budgetBytes };
}

async function rangeSlices(
  read: InterruptibleRead,
  stored: StoredMeasurement,
  { fromNs, toNs, only }: FoldQuery,
  atOnce: number,
): Promise<readonly FoldSlice[]> {
  const filter = only === undefined ? '' : `AND ${hasOneOf(stored, only)}`;
  const counted = `
    SELECT p.series, 1 AS n FROM ${stored.pointsTable} p JOIN ${stored.seriesTable} s USING (series)
    WHERE ${isInSpan(fromNs, toNs)} ${filter} GROUP BY p.series`;
  return (await seriesRanges(read, counted, atOnce)).map((range) => ({ kind: 'range', range }));
}

function hashSlices(of: number): readonly FoldSlice[] {
  return Array.from({ length: of }, (_, nth) => ({ kind: 'hash', nth, of }));
}

function plannedFields(stored: StoredMeasurement, asked: readonly FoldField[]): PlannedField[] {
  return asked.flatMap((field) => {
    const found = stored.fields.get(field.name);
    if (found === undefined) return [];
    const { column, type } = found;
    return [{ asked: field, type, value: type === 'int' ? `p.${column}::DOUBLE` : `p.${column}` }];
  });
}

function bytesPerGroup(fields: readonly PlannedField[], rowsPerGroup: number): number {
  let aggregates = 0;
  for (const { asked } of fields) {
    aggregates += AGGREGATES_PER_FIELD + (asked.histogram?.length ?? 0);
    if (asked.top === true)
      aggregates += AGGREGATES_PER_VALUE * Math.min(MAX_EXPECTED_VALUES, Math.ceil(rowsPerGroup));
    if (asked.quantiles) aggregates += Math.min(MAX_EXPECTED_BINS, Math.ceil(rowsPerGroup));
  }
  return aggregates * BYTES_PER_AGGREGATE;
}

/** How many groups and how many points there are. */
function countSql(stored: StoredMeasurement, { by, only, fromNs, toNs }: FoldQuery): string {
  const texts = tagTexts(stored, by ?? []);
  const group = by === undefined ? ['s.series'] : texts;
  return `
    WITH present AS (
      SELECT p.series, count(*) AS n FROM ${stored.pointsTable} p WHERE ${isInSpan(fromNs, toNs)} GROUP BY p.series),
    grouped AS (
      SELECT sum(n) AS n FROM present JOIN ${stored.seriesTable} s USING (series)
      ${only === undefined ? '' : `WHERE ${hasOneOf(stored, only)}`}
      GROUP BY ${group.length === 0 ? '()' : group.join(', ')})
    SELECT count(n)::DOUBLE, coalesce(sum(n), 0)::DOUBLE FROM grouped`;
}
