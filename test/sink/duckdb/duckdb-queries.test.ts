import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { describe, expect, it, vi } from 'vitest';
import { answersFolder } from '../../../src/sink/duckdb/duckdb-database.js';
import { QUERY_FORMATS } from '../../../src/sink/store-query.js';
import { pointOf, seriesOf } from '../../support/points.js';
import { never, queried } from './opened-sink.js';
import { queriedStore, START_NS } from './queried-store.js';

/** Answers of DuckDB to the same text, asked directly. */
const READS = [
  'SELECT * FROM climate ORDER BY time, device',
  'FROM climate',
  'TABLE climate ORDER BY time DESC LIMIT 3;',
  'SELECT device, avg(temperature) AS mean FROM climate GROUP BY ALL ORDER BY ALL -- mean by device',
  'SELECT DISTINCT ON (device) device, temperature FROM climate ORDER BY device, time DESC',
  `SELECT time_bucket(INTERVAL 5 minutes, time::TIMESTAMP) AS t, max(temperature) FROM climate GROUP BY t ORDER BY t`,
  `WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT * FROM n`,
  `WITH a AS MATERIALIZED (SELECT * FROM climate WHERE count > 3) SELECT count(*), sum(count) FILTER (WHERE open) FROM a`,
  'SELECT *, temperature - lag(temperature) OVER w AS step FROM climate WINDOW w AS (PARTITION BY device ORDER BY time) ORDER BY ALL',
  'SELECT * FROM climate QUALIFY row_number() OVER (PARTITION BY device ORDER BY time DESC) = 1 ORDER BY device',
  `SELECT * EXCLUDE (state), COLUMNS('temp.*') * 2 FROM climate ORDER BY ALL`,
  'SELECT a.time, a.temperature - b.temperature FROM climate a ASOF JOIN climate b ON a.site = b.site AND a.time >= b.time ORDER BY ALL',
  `PIVOT (FROM climate) ON device IN ('hall', 'kitchen') USING avg(temperature) GROUP BY count ORDER BY count`,
  `SELECT list_transform(list(count ORDER BY count), x -> x + 1) FROM climate GROUP BY device ORDER BY device`,
  `SELECT [x * 2 FOR x IN list(count ORDER BY count, device)] FROM climate`,
  `SELECT regexp_extract(state, '"(\\d+)"', 1) AS n, count(*) FROM climate GROUP BY CUBE (n) ORDER BY ALL`,
  `SELECT quantile_cont(temperature, [0.5, 0.95]), mode(open), approx_count_distinct(device) FROM climate`,
  `SELECT strftime(time::TIMESTAMP, '%H:%M') AS at, lpad(count::VARCHAR, 4, '0'), format('{:.1f}', temperature) FROM climate ORDER BY ALL`,
  `SELECT unnest(range(3)) AS i, repeat('x', 3)`,
  'SELECT * FROM generate_series(1, 3) UNION ALL BY NAME SELECT 7 AS generate_series',
  'SELECT 1 AS a, 2 AS A, 3 AS "a"',
  'SELECT count(*) FROM climate, range(5), (VALUES (1), (2)) v(x)',
  'DESCRIBE climate',
  'SUMMARIZE SELECT count FROM climate',
  'SHOW TABLES',
  `SELECT '; DROP TABLE x -- ' AS "quoted; name", $$it's$$ AS b`,
];

describe('a query', () => {
  it.each(READS)('answers as DuckDB does: %s', async (sql) => {
    const { options, text } = await queriedStore(4);
    const written = JSON.parse(await text(sql, { format: 'text-rows' })) as Record<string, string | null>[];
    const direct = await queried(options, sql);
    expect(written.length).toBeGreaterThan(0);
    expect(written.map((row) => Object.values(row).map(comparable))).toEqual(
      direct.map((row) =>
        Object.values(row).map((value) => comparable(value === null ? null : String(value))),
      ),
    );
  });

  it.each(QUERY_FORMATS)('is answered completely as %s, and nothing else is left', async (format) => {
    const { options, answer } = await queriedStore();
    const { path, bytes, rows, columns, isLimitReached } = await answer({ sql: 'FROM climate' }, { format });
    expect({ rows, isLimitReached }).toEqual({ rows: 20, isLimitReached: false });
    expect(columns.map(({ name }) => name)).toEqual([
      'time',
      'device',
      'site',
      'temperature',
      'count',
      'open',
      'state',
    ]);
    expect(readdirSync(answersFolder(options.path))).toEqual([basename(path)]);
    expect(readFileSync(path)).toHaveLength(bytes);
  });

  it('has a header line in CSV, and times in RFC 3339 with as many digits as they need', async () => {
    const { text } = await queriedStore();
    expect(
      await text(
        `SELECT time, device, temperature, count, open, state FROM climate WHERE count < 2 AND device = 'hall' ORDER BY time`,
      ),
    ).toBe(
      [
        'time,device,temperature,count,open,state',
        '2026-11-30T08:00:00Z,hall,21.0,0,true,"it\'s ""0"", ok"',
        '2026-11-30T08:01:00Z,hall,21.1,1,false,"it\'s ""1"", ok"',
        '',
      ].join('\n'),
    );
    expect(
      await text(
        `SELECT make_timestamp_ns(1796025600123456789) AS a, TIMESTAMPTZ '2026-11-30 09:00:00.5+01' AS b, DATE '2026-11-30' AS c, [1.5, NULL] AS d`,
      ),
    ).toBe('a,b,c,d\n2026-11-30T08:00:00.123456789Z,2026-11-30T08:00:00.5Z,2026-11-30,"[1.5, NULL]"\n');
  });

  it('is valid JSON also where a value is no number, and with columns of one name', async () => {
    const { text } = await queriedStore();
    const json = await text(
      `SELECT 'nan'::DOUBLE AS a, 'infinity'::FLOAT AS A, 0.5 AS a, 9007199254740993 AS big, NULL AS n, true AS b, ['nan'::DOUBLE] AS l`,
      { format: 'json' },
    );
    expect(JSON.parse(json)).toEqual([
      { a: null, A_1: null, a_2: 0.5, big: 9007199254740992, n: null, b: true, l: '[nan]' },
    ]);
    expect(json).toContain('9007199254740993');
  });

  it('is Parquet with the types of the store, as a reader of another maker finds them', async () => {
    const { answer } = await queriedStore(3);
    const sql = `SELECT time, device, temperature, count, open, CASE WHEN open THEN state END AS maybe, [count] AS l FROM climate WHERE device = 'hall' ORDER BY time LIMIT 2`;
    const { path } = await answer({ sql }, { format: 'parquet' });
    const file = await asyncBufferFromFile(path);
    const { schema } = await parquetMetadataAsync(file);
    expect(
      schema
        .slice(1, 6)
        .map(({ name, type, converted_type: kind, logical_type: logical }) => [
          name,
          type,
          kind ?? logical?.type,
        ]),
    ).toEqual([
      ['time', 'INT64', 'TIMESTAMP'],
      ['device', 'BYTE_ARRAY', 'UTF8'],
      ['temperature', 'DOUBLE', undefined],
      ['count', 'INT64', 'INT_64'],
      ['open', 'BOOLEAN', undefined],
    ]);
    expect(await parquetReadObjects({ file })).toEqual([
      {
        time: new Date('2026-11-30T08:00:00Z'),
        device: 'hall',
        temperature: 21,
        count: 0n,
        open: true,
        maybe: `it's "0", ok`,
        l: [0n],
      },
      {
        time: new Date('2026-11-30T08:01:00Z'),
        device: 'hall',
        temperature: 21.1,
        count: 1n,
        open: false,
        maybe: null,
        l: [1n],
      },
    ]);
  });

  it('gives as many rows as the limit allows, and says so', async () => {
    const { answer } = await queriedStore();
    expect(await answer({ sql: 'FROM climate ORDER BY time' }, { maxRows: 5 })).toMatchObject({
      rows: 5,
      isLimitReached: true,
    });
    expect(await answer({ sql: 'FROM climate LIMIT 4' }, { maxRows: 5 })).toMatchObject({
      rows: 4,
      isLimitReached: false,
    });
  });

  it('may ask for all rows of a measurement in a time, by its exact name', async () => {
    const { answer, sink } = await queriedStore();
    await sink.write([pointOf(seriesOf('Climate'), START_NS, { v: 1 })], never());
    const startMs = Number(START_NS / 1_000_000n);
    expect(
      await answer({ measurement: 'climate', fromMs: startMs + 60_000, toMs: startMs + 180_000 }),
    ).toMatchObject({ rows: 4 });
    expect(await answer({ measurement: 'Climate' })).toMatchObject({ rows: 1 });
    await expect(answer({ measurement: 'climat' })).rejects.toMatchObject({
      code: 'QUERY_INVALID',
      message: 'No measurement "climat" is stored: did you mean "climate"?',
    });
  });
});

describe('a query is ended', () => {
  const ENDLESS = 'SELECT count(*) FROM range(1000000000000) WHERE range < 0';

  it('after its limit of time, and the next one is answered', async () => {
    const { sink, options, answer } = await queriedStore();
    await expect(answer({ sql: ENDLESS }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'QUERY_LIMIT_REACHED',
      message: 'the query took longer than 0.05 s: ask for less, or for a shorter time',
    });
    expect(readdirSync(answersFolder(options.path))).toEqual([]);
    expect(await answer({ sql: 'FROM climate' })).toMatchObject({ rows: 20 });
    expect(sink.queries.counts()).toEqual({ answered: 1, refused: 0, busy: 0, limited: 1, ended: 0 });
  });

  it('when its answer gets too large', async () => {
    const { options, answer } = await queriedStore();
    const large = answer(
      { sql: 'SELECT range, md5(range::VARCHAR) FROM range(1000000000)' },
      { maxRows: 1e9, maxBytes: 2 ** 20 },
    );
    await expect(large).rejects.toMatchObject({
      code: 'QUERY_LIMIT_REACHED',
      message: expect.stringContaining('the answer is larger than 1 MiB') as string,
    });
    expect(readdirSync(answersFolder(options.path))).toEqual([]);
  });

  it('by its caller; meanwhile no other is taken', async () => {
    const { sink, answer } = await queriedStore();
    const stop = new AbortController();
    const limits = { format: 'csv', maxRows: 10, timeoutMs: 60_000, maxBytes: 2 ** 20 } as const;
    const endless = sink.queries.answer({ of: { sql: ENDLESS }, ...limits }, stop.signal);
    await expect(answer({ sql: 'SELECT 1' })).rejects.toMatchObject({ code: 'TOO_MANY_QUERIES' });
    stop.abort();
    await expect(endless).rejects.toMatchObject({
      code: 'SINK_QUERY_FAILED',
      message: 'DuckDB: the caller stopped the query',
    });
    expect(await answer({ sql: 'SELECT 1' })).toMatchObject({ rows: 1 });
  });

  it('when a checkpoint has waited for it', async () => {
    const { sink, answer } = await queriedStore();
    const endless = answer({ sql: ENDLESS });
    await vi.waitFor(() => expect(sink.queries.writtenBytes()).toBeDefined());
    const ended = expect(endless).rejects.toMatchObject({
      code: 'SINK_QUERY_FAILED',
      message: expect.stringContaining('did not wait for the query') as string,
    });
    expect(await sink.deleteMeasurement('climate')).toBe(20);
    await ended;
  });

  it('when the writer fails: the store is opened again, the points are written, and none is refused', async () => {
    const { sink, options, answer } = await queriedStore();
    const ended = expect(answer({ sql: ENDLESS })).rejects.toMatchObject({
      code: 'SINK_QUERY_FAILED',
      message: 'DuckDB: the file is being closed; try again',
    });
    rmSync(options.path);
    const later = pointOf(seriesOf('climate'), START_NS, { temperature: 1 });
    expect(await sink.write([later], never())).toEqual([]);
    await ended;
    expect(sink.counters()).toMatchObject({ retries: 1, pointsRefused: 0 });
    expect(await answer({ sql: 'FROM climate' })).toMatchObject({ rows: 1 });
  });

  it('when the sink is closed', async () => {
    const { sink, answer } = await queriedStore();
    const ended = expect(answer({ sql: ENDLESS })).rejects.toMatchObject({ code: 'SINK_QUERY_FAILED' });
    await sink.close();
    await ended;
  });
});

/** Numbers and times are compared by value: JavaScript and DuckDB write them otherwise. */
function comparable(text: string | null): unknown {
  if (text === null) return null;
  if (text !== '' && Number.isFinite(Number(text))) return Number(text);
  return text.replace(/^(\d{4}-\d\d-\d\d)T(\S+)Z$/, '$1 $2');
}
