import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answersFolder } from '../../../src/sink/duckdb/duckdb-database.js';
import { queried, readBack } from './opened-sink.js';
import { queriedStore } from './queried-store.js';

/** [statement, what the refusal names]; DIR is a folder with files, ANSWERS the one that DuckDB may write to. */
const HOSTILE: readonly (readonly [sql: string, found: string])[] = [
  // More than one statement.
  ['SELECT 1; SELECT 2', 'found 2 statements'],
  ['SELECT 1; DROP VIEW climate', 'found a statement that is no SELECT'],
  ['SELECT 1;-- x\nDELETE FROM sluice_internal.points_1', 'found a statement that is no SELECT'],
  ['ROLLBACK; INSERT INTO sluice_internal.layout VALUES (7)', 'found ROLLBACK'],
  ['COMMIT; DROP SCHEMA sluice_internal CASCADE; BEGIN', 'found COMMIT'],
  ['BEGIN TRANSACTION', 'found BEGIN'],
  // Statements that are no SELECT.
  ['/* SELECT */ INSERT INTO sluice_internal.layout VALUES (7)', 'found INSERT'],
  ['-- SELECT 1\nDELETE FROM sluice_internal.points_1', 'found DELETE'],
  ['UPDATE sluice_internal.points_1 SET f1 = 0', 'found UPDATE'],
  ['CREATE TEMP TABLE t AS SELECT 1', 'found CREATE'],
  ['CREATE MACRO m() AS 1', 'found CREATE'],
  ['CREATE OR REPLACE VIEW climate AS SELECT 1', 'found CREATE'],
  ['DROP TABLE sluice_internal.points_1', 'found DROP'],
  ['ALTER TABLE sluice_internal.points_1 DROP COLUMN f1', 'found ALTER'],
  ['TRUNCATE sluice_internal.points_1', 'found TRUNCATE'],
  ['VACUUM', 'found VACUUM'],
  ['CHECKPOINT', 'found CHECKPOINT'],
  ['FORCE CHECKPOINT', 'found FORCE'],
  ['ANALYZE', 'found ANALYZE'],
  ['USE memory', 'found USE'],
  ['PREPARE p AS SELECT 1', 'found PREPARE'],
  ['EXECUTE p', 'found EXECUTE'],
  ['CALL pragma_version()', 'found CALL'],
  ['EXPLAIN ANALYZE SELECT 1', 'found EXPLAIN'],
  ["COMMENT ON VIEW climate IS 'x'", 'found COMMENT'],
  // Files, and code.
  [`COPY (SELECT 1) TO 'DIR/out.csv'`, 'found COPY'],
  [`COPY sluice_internal.points_1 FROM 'DIR/in.csv'`, 'found COPY'],
  [`EXPORT DATABASE 'DIR/out'`, 'found EXPORT'],
  [`IMPORT DATABASE 'DIR'`, 'found IMPORT'],
  [`ATTACH 'DIR/other.duckdb' AS o`, 'found ATTACH'],
  ['DETACH telemetry', 'found DETACH'],
  ['INSTALL httpfs', 'found INSTALL'],
  ['LOAD httpfs', 'found LOAD'],
  [`SELECT * FROM read_csv('DIR/in.csv')`, 'found "read_csv()" in FROM'],
  [`SELECT * FROM READ_CSV_AUTO('ANSWERS/old.csv')`, 'found "read_csv_auto()" in FROM'],
  [`SELECT * FROM read_text('/etc/passwd')`, 'found "read_text()" in FROM'],
  [`SELECT * FROM read_blob('ANSWERS/*')`, 'found "read_blob()" in FROM'],
  [`SELECT * FROM read_parquet('DIR/in.csv')`, 'found "read_parquet()" in FROM'],
  [`SELECT * FROM parquet_metadata('DIR/in.csv')`, 'found "parquet_metadata()" in FROM'],
  [`SELECT * FROM read_json('DIR/in.csv')`, 'found "read_json()" in FROM'],
  [`SELECT * FROM glob('ANSWERS/*')`, 'found "glob()" in FROM'],
  [`SELECT * FROM sniff_csv('DIR/in.csv')`, 'found "sniff_csv()" in FROM'],
  [`SELECT * FROM 'DIR/in.csv'`, 'in.csv"; expected a measurement'],
  [`FROM 'ANSWERS/old.csv'`, 'old.csv"; expected a measurement'],
  [
    `WITH "ANSWERS/old.csv" AS (SELECT 1) SELECT * FROM "ANSWERS/old.csv"`,
    'old.csv"; expected a measurement',
  ],
  [`SELECT (SELECT count(*) FROM 'ANSWERS/old.csv') FROM climate`, 'old.csv"; expected a measurement'],
  [`SELECT * FROM sqlite_scan('DIR/x.db', 't')`, 'found "sqlite_scan()" in FROM'],
  [`SELECT * FROM postgres_scan('host=127.0.0.1', 'public', 't')`, 'found "postgres_scan()" in FROM'],
  [`SELECT * FROM iceberg_scan('s3://x')`, 'found "iceberg_scan()" in FROM'],
  // Settings, and the process.
  ["SET memory_limit = '64GB'", 'found SET'],
  ['SET GLOBAL enable_external_access = true', 'found SET'],
  ['RESET lock_configuration', 'found RESET'],
  ['PRAGMA enable_profiling', 'found PRAGMA'],
  ['PRAGMA database_list', 'found PRAGMA'],
  [`SELECT getenv('HOME')`, 'found getenv()'],
  [`SELECT Current_Setting('allowed_directories')`, 'found current_setting()'],
  ['SELECT * FROM duckdb_settings()', 'found "duckdb_settings()" in FROM'],
  ['SELECT * FROM duckdb_secrets()', 'found "duckdb_secrets()" in FROM'],
  ['SELECT * FROM duckdb_extensions()', 'found "duckdb_extensions()" in FROM'],
  ['SELECT * FROM duckdb_databases', 'found "duckdb_databases"'],
  ['SELECT * FROM pragma_database_size()', 'found "pragma_database_size()" in FROM'],
  ['SELECT * FROM pragma_database_list', 'found "pragma_database_list"'],
  [`SELECT * FROM enable_logging()`, 'found "enable_logging()" in FROM'],
  [`SELECT * FROM force_checkpoint()`, 'found "force_checkpoint()" in FROM'],
  [`SELECT nextval('s')`, 'found nextval()'],
  // Around what is checked.
  [`SELECT * FROM query('DELETE FROM sluice_internal.points_1')`, 'found "query()" in FROM'],
  [`SELECT * FROM query_table('DIR/in.csv')`, 'found "query_table()" in FROM'],
  [`SELECT * FROM json_execute_serialized_sql('{}')`, 'found "json_execute_serialized_sql()" in FROM'],
  ['WITH x AS (INSERT INTO sluice_internal.layout VALUES (7) RETURNING *) FROM x', 'A CTE needs a SELECT'],
  ['SELECT * FROM (DELETE FROM sluice_internal.points_1 RETURNING *)', 'syntax error'],
  ['SELECT $1', 'found a parameter'],
  ['SELECT 1 INTO OUTFILE x', 'syntax error'],
  ['\u00a0\u2003INSERT\u00a0INTO sluice_internal.layout VALUES (7)', 'found INSERT'],
  ['ＳＥＬＥＣＴ 1', 'syntax error'],
  ['SELECT 1 \0; DROP VIEW climate', 'the character NUL'],
  ['', 'found no statement'],
  [';;;', 'found 0 statements'],
  ['-- nothing', 'found 0 statements'],
  [`') TO 'DIR/out.csv' --`, 'syntax error'],
  ["'); DROP VIEW climate; --", 'unterminated quoted string'],
  // What is ours.
  ['SELECT * FROM sluice_internal.measurements', 'found "sluice_internal.measurements"'],
  ['SELECT * FROM telemetry.sluice_internal.points_1', 'found "sluice_internal.points_1"'],
  ['SELECT * FROM information_schema.tables', 'found "information_schema.tables"'],
  ['SELECT * FROM sqlite_master', 'found "sqlite_master"'],
  [
    'WITH duckdb_databases AS (SELECT 1) SELECT * FROM main.duckdb_databases',
    'found "duckdb_databases"; expected',
  ],
  [
    'SELECT * FROM (WITH duckdb_databases AS (SELECT 1) SELECT 1), duckdb_databases',
    'found "duckdb_databases"; expected',
  ],
  ['DESCRIBE sluice_internal.points_1', 'found "sluice_internal.points_1"'],
  ['SUMMARIZE sluice_internal.points_1', 'found "sluice_internal.points_1"'],
  ['SHOW ALL TABLES', 'found SHOW or DESCRIBE'],
  ['SHOW DATABASES', 'found SHOW or DESCRIBE'],
  // What would take all memory at once.
  ['SELECT len(range(200000000))', 'found sizes of range() with a product above'],
  [`SELECT repeat(repeat('x', 100000), 100000)`, 'found sizes of repeat() with a product above'],
  [`SELECT repeat('x', count * 1000000) FROM climate`, 'found repeat() of a value that is not written down'],
  [
    `SELECT list_transform(range(10000), x -> range(10000)) FROM climate`,
    'found sizes of range() with a product above',
  ],
  [`SELECT format('{:1000000000}', 1)`, 'found format() with a width'],
  [`SELECT printf('%*d', 1000000000, 1)`, 'found printf() with a width'],
  [`SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`, ''],
  [`SELECT ${'1+'.repeat(40_000)}1`, ''],
  [`SELECT '${'x'.repeat(100_000)}'`, 'expected at most 100000'],
];

describe('a hostile statement is refused, and says what was found', () => {
  it.each(HOSTILE)('%s', async (sql, found) => {
    const { options, answer } = await queriedStore(3);
    const answers = answersFolder(options.path);
    const files = join(dirname(options.path), 'files');
    mkdirSync(files);
    mkdirSync(answers);
    writeFileSync(join(files, 'in.csv'), 'a,b\n1,2\n');
    writeFileSync(join(answers, 'old.csv'), 'a,b\n1,2\n');
    const before = await contents(options);
    const written = sql.replaceAll('DIR', files).replaceAll('ANSWERS', answers);
    const refusal = await answer({ sql: written }).then(
      () => 'answered',
      (thrown: unknown) => thrown,
    );
    expect(refusal).toMatchObject({
      code: 'QUERY_INVALID',
      message: expect.stringContaining(found.replaceAll('ANSWERS', answers)) as string,
    });
    expect(await contents(options)).toEqual(before);
    expect(readdirSync(files)).toEqual(['in.csv']);
    expect(readdirSync(answers)).toEqual(['old.csv']);
    expect(await answer({ sql: 'SELECT 1' })).toMatchObject({ rows: 1 });
  });
});

async function contents(options: Parameters<typeof queried>[0]) {
  return {
    points: await readBack(options, 'climate'),
    tables: await queried(options, 'SELECT schema_name, table_name, sql FROM duckdb_tables() ORDER BY ALL'),
    views: await queried(
      options,
      'SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL',
    ),
    databases: await queried(options, 'SELECT database_name FROM duckdb_databases() ORDER BY ALL'),
    layout: await queried(options, 'FROM sluice_internal.layout'),
  };
}
