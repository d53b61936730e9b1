import type { DuckDBConnection } from '@duckdb/node-api';
import { SluiceError } from '../../lib/errors.js';
import type { FieldType } from '../point.js';
import { folded, shownName } from './identifiers.js';
import { MeasurementTable, SCHEMA } from './measurement-table.js';

/** Written into each file; another number means that another version of Sluice created the file. */
const LAYOUT_VERSION = 1;

/**
 * The contents of the file in memory: the table of each measurement, and the column of each tag and field.
 *
 * Layout of the file:
 *   main."<measurement>"             a view with time, tags, fields for people
 *   sluice_internal.points_<id>      series, time, f1, f2, …    one row per point
 *   sluice_internal.series_<id>      series, tags, t1, t2, …    one row per tag set
 *   sluice_internal.measurements, .columns                      the exact names behind the tables and columns
 *   sluice_internal.deletions                                   up to which times points were deleted
 *
 * Tables and columns have numbered names because measurements, tags and fields may have any name, and DuckDB's
 * identifiers do not distinguish `Temp` from `temp`. There is no primary key: its index would be in memory and grow
 * with the table.
 */
export class Catalog {
  readonly #tables = new Map<string, MeasurementTable>();
  /** Folded names of everything in the schema `main`, including tables and views of the user. */
  readonly #takenNames: Set<string>;
  #nextId = 1;

  private constructor(takenNames: Set<string>) {
    this.#takenNames = takenNames;
  }

  /** Reads the catalog of a file; creates the layout in an empty file. */
  static async load(connection: DuckDBConnection): Promise<Catalog> {
    await connection.run('BEGIN');
    try {
      await connection.run(LAYOUT_SQL);
      const catalog = await Catalog.#read(connection);
      await connection.run('COMMIT');
      return catalog;
    } catch (thrown) {
      await connection.run('ROLLBACK').catch(() => undefined); // the first failure is the one to report
      throw thrown;
    }
  }

  static async #read(connection: DuckDBConnection): Promise<Catalog> {
    const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRows();
    const versions = await rows(`SELECT version FROM ${SCHEMA}.layout`);
    if (versions.length !== 1 || versions[0]?.[0] !== LAYOUT_VERSION) {
      throw new SluiceError(
        'SINK_UNUSABLE',
        `The DuckDB file was created by another version of Sluice (layout ${versions.flat().join(', ')}, this one has ${LAYOUT_VERSION}); configure another file.`,
      );
    }
    const names = await rows(
      `SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' UNION SELECT view_name FROM duckdb_views() WHERE schema_name = 'main'`,
    );
    const catalog = new Catalog(new Set(names.map(([name]) => folded(String(name)))));
    const byId = new Map<number, MeasurementTable>();
    for (const row of await rows(`SELECT id, name, view_name FROM ${SCHEMA}.measurements ORDER BY id`)) {
      const [id, name, viewName] = row as [number, string, string];
      const table = new MeasurementTable(id, name, viewName);
      table.isStored = true;
      byId.set(id, table);
      catalog.#tables.set(name, table);
      catalog.#nextId = id + 1;
    }
    for (const row of await rows(
      `SELECT measurement, kind, name, type, column_name, shown_name FROM ${SCHEMA}.columns ORDER BY measurement, kind, position`,
    )) {
      const [id, kind, name, type, column, shown] = row as [
        number,
        string,
        string,
        FieldType,
        string,
        string,
      ];
      byId.get(id)?.restore({ kind: kind === 'tag' ? 'tag' : 'field', name, type, column, shown });
    }
    for (const row of await rows(`SELECT measurement, before_ns FROM ${SCHEMA}.deletions`)) {
      const [id, beforeNs] = row as [number, bigint];
      byId.get(id)?.noteDeleted(beforeNs);
    }
    return catalog;
  }

  /** Returns the table of a measurement. A new table is in the file only after its `schemaSql` has been committed. */
  table(measurement: string): MeasurementTable {
    const known = this.#tables.get(measurement);
    if (known !== undefined) return known;
    const table = new MeasurementTable(this.#nextId++, measurement, shownName(measurement, this.#takenNames));
    this.#tables.set(measurement, table);
    return table;
  }

  /** Returns the table of a measurement that is in the file. */
  find(measurement: string): MeasurementTable | undefined {
    const table = this.#tables.get(measurement);
    return table?.isStored === true ? table : undefined;
  }

  /** Returns the tables that are in the file. */
  stored(): MeasurementTable[] {
    return [...this.#tables.values()].filter((table) => table.isStored);
  }
}

const LAYOUT_SQL = `
  CREATE SCHEMA IF NOT EXISTS ${SCHEMA};
  CREATE TABLE IF NOT EXISTS ${SCHEMA}.layout (version INTEGER);
  INSERT INTO ${SCHEMA}.layout SELECT ${LAYOUT_VERSION} WHERE NOT EXISTS (FROM ${SCHEMA}.layout);
  CREATE TABLE IF NOT EXISTS ${SCHEMA}.measurements (id INTEGER, name VARCHAR, view_name VARCHAR);
  CREATE TABLE IF NOT EXISTS ${SCHEMA}.columns (measurement INTEGER, kind VARCHAR, position INTEGER,
    name VARCHAR, type VARCHAR, column_name VARCHAR, shown_name VARCHAR);
  CREATE TABLE IF NOT EXISTS ${SCHEMA}.deletions (measurement INTEGER, before_ns BIGINT);
`;

/** Returns the statements that note up to which times the points of some tables are deleted. */
export function deletionsSql(beforeNs: ReadonlyMap<MeasurementTable, bigint>): string {
  const rows = [...beforeNs].map(([{ id, deletedBeforeNs }, ns]) => {
    const latest = deletedBeforeNs !== undefined && deletedBeforeNs > ns ? deletedBeforeNs : ns;
    return `(${id}, ${latest})`;
  });
  return `
    DELETE FROM ${SCHEMA}.deletions WHERE measurement IN (${[...beforeNs.keys()].map(({ id }) => id).join(', ')});
    INSERT INTO ${SCHEMA}.deletions VALUES ${rows.join(', ')}`;
}
