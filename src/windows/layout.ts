import { formatDuration } from '../lib/quantity.js';
import type { Aggregate } from './aggregate.js';

/**
 * What an aggregate was when its rows were written, as plain JSON. It is saved with the state of windows: where it changes
 * its meaning under the same name, new rows would stand beside old ones that mean something else.
 */
export interface AggregateLayout {
  readonly name: string;
  /** Sorted; null: each series is a group. */
  readonly by: readonly string[] | null;
  readonly sizeMs: number;
  /** The interval of the finest resolution. */
  readonly everyMs: number;
  /** By measurement, which has the duration in its name. */
  readonly resolutions: Readonly<Record<string, ResolutionLayout>>;
  readonly fields: Readonly<Record<string, FieldLayout>>;
}

export interface ResolutionLayout {
  readonly everyMs: number;
  readonly timezone: string;
  /** See complete-rows.ts. */
  readonly completeFromMs?: number;
}

interface FieldLayout {
  readonly functions: readonly string[];
  readonly quantiles: readonly number[];
  readonly histogram: readonly number[] | null;
}

export function layoutOf({ name, by, sizeMs, fields, resolutions }: Aggregate): AggregateLayout {
  return {
    name,
    by: by === undefined ? null : by.toSorted(),
    sizeMs,
    everyMs: resolutions[0]!.everyMs,
    resolutions: Object.fromEntries(
      resolutions.map(({ measurement, everyMs, timezone = 'UTC' }) => [measurement, { everyMs, timezone }]),
    ),
    fields: Object.fromEntries(
      [...fields].map(([field, { functions, quantiles, histogram = null }]) => [
        field,
        { functions, quantiles, histogram },
      ]),
    ),
  };
}

/**
 * What has changed so that old and new rows must not stand under one name, as a sentence; undefined when nothing has. Fields,
 * functions, quantiles and coarser resolutions may come and go.
 */
export function layoutProblem(saved: AggregateLayout, now: AggregateLayout): string | undefined {
  const change = changeOf(saved, now);
  if (change === undefined) return undefined;
  const { key, was, is } = change;
  return `${key} of the windows "${now.name}" was ${was} and is ${is}: give the aggregate another name, or delete its rows with sluice windows rebuild --drop ${now.name}`;
}

interface Change {
  readonly key: string;
  readonly was: string;
  readonly is: string;
}

function changeOf(saved: AggregateLayout, now: AggregateLayout): Change | undefined {
  if (saved.by?.join('\n') !== now.by?.join('\n')) {
    return { key: 'by', was: groupsText(saved.by), is: groupsText(now.by) };
  }
  for (const key of ['every', 'size'] as const) {
    const [was, is] = [saved[`${key}Ms`], now[`${key}Ms`]];
    if (was !== is) return { key, was: formatDuration(was), is: formatDuration(is) };
  }
  for (const [measurement, { timezone }] of Object.entries(now.resolutions)) {
    const was = saved.resolutions[measurement]?.timezone ?? timezone;
    if (was !== timezone) return { key: `timezone of ${measurement}`, was, is: timezone };
  }
  for (const [field, { histogram }] of Object.entries(now.fields)) {
    const was = saved.fields[field]?.histogram ?? null;
    if (was === null || histogram === null || was.join() === histogram.join()) continue;
    return { key: `histogram.${field}`, was: `[${was.join(', ')}]`, is: `[${histogram.join(', ')}]` };
  }
  return undefined;
}

function groupsText(by: readonly string[] | null): string {
  return by === null ? 'the whole series' : `[${by.join(', ')}]`;
}
