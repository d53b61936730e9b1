import { readFileSync } from 'node:fs';
import type { DuckdbSinkOptions } from '../../../src/sink/duckdb/duckdb-database.js';
import type { QueryText, StoreQuery, StoreQueryAnswer } from '../../../src/sink/store-query.js';
import { pointOf, seriesOf } from '../../support/points.js';
import { never, openedSink } from './opened-sink.js';

/** 2026-11-30T08:00:00Z */
export const START_NS = 1_796_025_600_000_000_000n;
const MINUTE_NS = 60_000_000_000n;

const LIMITS = { format: 'csv', maxRows: 1_000_000, timeoutMs: 60_000, maxBytes: 2 ** 30 } as const;

/** A sink with the climate of two rooms, a value a minute. */
export async function queriedStore(minutes = 10, options: Partial<DuckdbSinkOptions> = {}) {
  const { sink, options: all } = await openedSink(options);
  const points = ['kitchen', 'hall'].flatMap((room, nth) =>
    Array.from({ length: minutes }, (_, minute) =>
      pointOf(seriesOf('climate', { site: 'home', device: room }), START_NS + BigInt(minute) * MINUTE_NS, {
        temperature: 20 + nth + minute / 10,
        count: BigInt(minute),
        open: minute % 2 === 0,
        state: `it's "${minute}", ok`,
      }),
    ),
  );
  await sink.write(points, never());
  const answer = (of: QueryText, with_: Partial<StoreQuery> = {}): Promise<StoreQueryAnswer> =>
    sink.queries.answer({ of, ...LIMITS, ...with_ }, never());
  return {
    sink,
    options: all,
    answer,
    text: async (sql: string, with_: Partial<StoreQuery> = {}) =>
      readFileSync((await answer({ sql }, with_)).path, 'utf8'),
  };
}
