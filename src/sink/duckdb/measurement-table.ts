import type { FieldType } from '../sink.js';
import { folded, literal, quoted, shownName } from './identifiers.js';

export const SCHEMA = 'sluice_internal';

/**
 * Most tags and fields of one measurement: what DuckDB 1.5 was seen to write in that much memory, up to the 500
 * at which InfluxDB 3 draws the line. 500 columns need 128 MiB, 250 need 64 MiB.
 */
export function maxColumns(memoryLimitBytes: number): number {
  return Math.min(500, Math.floor(memoryLimitBytes / 2 ** 18));
}

const SQL_TYPES: Readonly<Record<FieldType, string>> = {
  float: 'DOUBLE',
  int: 'BIGINT',
  string: 'VARCHAR',
  boolean: 'BOOLEAN',
};

export interface Column {
  readonly kind: 'tag' | 'field';
  /** As the points have it. */
  readonly name: string;
  readonly type: FieldType;
  /** In the tables: t1, t2, … or f1, f2, … */
  readonly column: string;
  /** In the view. */
  readonly shown: string;
}

/** The columns of one measurement; those added by points are pending until `schemaSql` has been run and committed. */
export class MeasurementTable {
  readonly id: number;
  readonly measurement: string;
  readonly viewName: string;
  readonly tags = new Map<string, Column>();
  readonly fields = new Map<string, Column>();
  /** Id of the last series in the file; undefined until it was asked for. */
  lastSeriesId: number | undefined;
  isStored = false;
  #pending: Column[] = [];
  readonly #shownColumns = new Set(['time']);

  constructor(id: number, measurement: string, viewName: string) {
    this.id = id;
    this.measurement = measurement;
    this.viewName = viewName;
  }

  get pointsTable(): string {
    return `points_${this.id}`;
  }

  get seriesTable(): string {
    return `series_${this.id}`;
  }

  get columnCount(): number {
    return this.tags.size + this.fields.size;
  }

  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  /** Takes over a column that is in the file. */
  restore(column: Column): void {
    this.isStored = true;
    this.#shownColumns.add(folded(column.shown));
    this.#ofKind(column.kind).set(column.name, column);
  }

  add(kind: Column['kind'], name: string, type: FieldType): void {
    const columns = this.#ofKind(kind);
    const column = `${kind === 'tag' ? 't' : 'f'}${columns.size + 1}`;
    const added: Column = { kind, name, type, column, shown: shownName(name, this.#shownColumns) };
    columns.set(name, added);
    this.#pending.push(added);
  }

  /** Brings the file up to what is pending: to be run in one transaction. */
  schemaSql(): string {
    const rows = this.#pending.map(({ kind, name, type, column, shown }) => {
      const texts = [literal(name), literal(type), literal(column), literal(shown)];
      return `(${this.id}, ${literal(kind)}, ${column.slice(1)}, ${texts.join(', ')})`;
    });
    return [
      ...(this.isStored ? this.#alterSql() : this.#createSql()),
      `INSERT INTO ${SCHEMA}.columns VALUES ${rows.join(', ')}`,
      this.#viewSql(),
    ].join(';\n');
  }

  /** The transaction with `schemaSql` is committed. */
  schemaStored(): void {
    this.isStored = true;
    this.#pending = [];
  }

  #createSql(): string[] {
    const of = (kind: Column['kind']) =>
      this.#pending
        .filter((added) => added.kind === kind)
        .map(({ column, type }) => `, ${column} ${SQL_TYPES[type]}`)
        .join('');
    return [
      `CREATE TABLE ${SCHEMA}.${this.pointsTable} (series INTEGER, time TIMESTAMP_NS${of('field')})`,
      `CREATE TABLE ${SCHEMA}.${this.seriesTable} (series INTEGER, tags VARCHAR${of('tag')})`,
      `INSERT INTO ${SCHEMA}.measurements VALUES (${this.id}, ${literal(this.measurement)}, ${literal(this.viewName)})`,
    ];
  }

  #alterSql(): string[] {
    return this.#pending.map(({ kind, column, type }) => {
      const table = kind === 'tag' ? this.seriesTable : this.pointsTable;
      return `ALTER TABLE ${SCHEMA}.${table} ADD COLUMN ${column} ${SQL_TYPES[type]}`;
    });
  }

  /** `SELECT` list and source a person sees: time, tags, fields under the names they know. */
  #viewSql(): string {
    const shown = [
      'p.time AS "time"',
      ...[...this.tags.values()].map((tag) => `s.${tag.column} AS ${quoted(tag.shown)}`),
      ...[...this.fields.values()].map((field) => `p.${field.column} AS ${quoted(field.shown)}`),
    ];
    return `CREATE OR REPLACE VIEW main.${quoted(this.viewName)} AS SELECT ${shown.join(', ')} FROM ${SCHEMA}.${this.pointsTable} p JOIN ${SCHEMA}.${this.seriesTable} s USING (series)`;
  }

  #ofKind(kind: Column['kind']): Map<string, Column> {
    return kind === 'tag' ? this.tags : this.fields;
  }
}

/** DuckDB's type of a staged column. */
export function sqlType(type: FieldType): string {
  return SQL_TYPES[type];
}
