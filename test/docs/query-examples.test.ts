import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DuckdbSink } from '../../src/sink/duckdb/duckdb-sink.js';
import { duckdbPath, never } from '../sink/duckdb/opened-sink.js';
import { pointOf, seriesOf } from '../support/points.js';
import { page } from './pages.js';

const [, examples = ''] = page('docs/query.md').text.split(/^## (?:Ten queries|Types and times)$/m);
const QUERIES = [...examples.matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(([, sql]) => sql!);

const MINUTE_NS = 60_000_000_000n;
/** 2026-11-30T08:00:00Z */
const START_NS = 1_796_025_600_000_000_000n;

const { path, remove } = duckdbPath();
const sink = new DuckdbSink({ path, retentionMs: 0 });

beforeAll(async () => {
  await sink.open();
  const points = ['kitchen', 'hall'].flatMap((device, nth) =>
    Array.from({ length: 60 }, (_, minute) => {
      // A gap of twenty minutes.
      const at = minute < 30 ? minute : minute + 20;
      return pointOf(seriesOf('climate', { site: 'home', device }), START_NS + BigInt(at) * MINUTE_NS, {
        temperature: 20 + nth + Math.sin(at / 10),
        humidity: 50 - Math.sin(at / 10) - nth / 10,
      });
    }),
  );
  await sink.write(points, never());
});
afterAll(async () => {
  await sink.close();
  remove();
});

it('docs/query.md has ten queries', () => {
  expect(QUERIES).toHaveLength(10);
});

it.each(QUERIES)('docs/query.md: the query is answered: %s', async (sql) => {
  const limits = { format: 'csv', maxRows: 1_000, timeoutMs: 30_000, maxBytes: 2 ** 20 } as const;
  const { path: file, rows } = await sink.queries.answer({ of: { sql }, ...limits }, never());
  expect(rows).toBeGreaterThan(0);
  const [, first] = readFileSync(file, 'utf8').split('\n');
  expect(first).not.toMatch(/^,*$/);
});
