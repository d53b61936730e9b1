import { formatDuration } from '../lib/quantity.js';
import type { SinkOptions } from '../sink/create-sink.js';
import { DUCKDB_DEFAULTS } from '../sink/duckdb/duckdb-database.js';
import type { Aggregate, AggregateField, Resolution, WindowsOptions } from '../windows/aggregate.js';
import { checkAggregate } from './check-aggregate.js';
import type { Findings } from './findings.js';
import type { Written } from './schema.js';
import type { WrittenAggregate } from './schema-windows.js';

/** Stands for an `every` that is missing, which is a finding. */
const MISSING_EVERY_MS = 60_000;

/** Converts the section `windows`, and checks the keys of each aggregate; undefined without aggregates. */
export function resolveWindows(
  { memory, aggregates }: Written['windows'],
  sink: SinkOptions,
  findings: Findings,
): WindowsOptions | undefined {
  if (aggregates === undefined) return undefined;
  const pointsKeptMs = retentionOfPoints(sink);
  return {
    memoryBytes: memory,
    aggregates: aggregates.map((written, index) => {
      const aggregate = resolveAggregate(written, pointsKeptMs);
      checkAggregate(aggregate, written, ['windows', 'aggregates', index], findings);
      return aggregate;
    }),
  };
}

/** How long the store keeps points, as far as this configuration decides it; 0: for ever. */
export function retentionOfPoints(sink: SinkOptions): number {
  return sink.kind === 'influx' ? 0 : (sink.duckdb.retentionMs ?? DUCKDB_DEFAULTS.retentionMs);
}

/** The store, with how long it keeps the rows of each resolution. */
export function withRetentions(sink: SinkOptions, windows: WindowsOptions | undefined): SinkOptions {
  if (sink.kind === 'influx' || windows === undefined) return sink;
  const resolutions = windows.aggregates.flatMap((aggregate) => aggregate.resolutions);
  const retentions = new Map(resolutions.map(({ measurement, retentionMs }) => [measurement, retentionMs]));
  return { ...sink, duckdb: { ...sink.duckdb, retentions } };
}

function resolveAggregate(written: WrittenAggregate, pointsKeptMs: number): Aggregate {
  const { name, from, by, lateness, early } = written;
  const everyMs = written.resolutions?.[0]?.every ?? written.every ?? MISSING_EVERY_MS;
  return {
    name,
    from,
    ...(by !== undefined && { by }),
    sizeMs: written.size ?? everyMs,
    latenessMs: lateness,
    ...(early !== undefined && { earlyMs: early }),
    fields: new Map(Object.keys(written.fields).map((field) => [field, resolveField(field, written)])),
    resolutions: written.resolutions?.map((resolution) => resolveResolution(name, resolution)) ?? [
      { everyMs, measurement: measurementOf(name, everyMs), retentionMs: pointsKeptMs },
    ],
  };
}

function resolveField(
  field: string,
  { fields, histogram, quantiles, topk }: WrittenAggregate,
): AggregateField {
  const own = Array.isArray(quantiles)
    ? quantiles
    : (quantiles as Readonly<Record<string, readonly number[]>> | undefined)?.[field];
  const bounds = histogram[field];
  const functions = fields[field]!;
  return {
    functions,
    quantiles: own ?? [],
    ...(functions.includes('topk') && { top: topk }),
    ...(bounds !== undefined && { histogram: bounds }),
  };
}

type WrittenResolution = NonNullable<WrittenAggregate['resolutions']>[number];

function resolveResolution(name: string, { every, retention, timezone, to }: WrittenResolution): Resolution {
  return {
    everyMs: every,
    measurement: measurementOf(name, every),
    retentionMs: retention,
    ...(timezone !== undefined && { timezone }),
    ...(to !== undefined && { to }),
  };
}

/** One name for one duration, however it is written: `60s` and `1min` are `climate_1min`. */
function measurementOf(name: string, everyMs: number): string {
  return `${name}_${formatDuration(everyMs)}`;
}
