import type { FieldType } from '../point.js';
import { folded, literal, quoted, shownName } from './identifiers.js';

export const SCHEMA = 'sluice_internal';

/**
 * Returns the limit of tags and fields of one measurement: the number that DuckDB 1.5 could write in tests with this
 * memory, up to 500, the limit of InfluxDB 3. 500 columns need 128 MiB, 250 need 64 MiB.
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
  /** The name in the points. */
  readonly name: string;
  readonly type: FieldType;
  /** The name in the tables: t1, t2, … or f1, f2, … */
  readonly column: string;
  /** The name in the view. */
  readonly shown: string;
}

/** The columns of one measurement. Columns that points have added are pending until `schemaSql` is committed. */
export class MeasurementTable {
  readonly id: number;
  readonly measurement: string;
  readonly viewName: string;
  readonly tags = new Map<string, Column>();
  readonly fields = new Map<string, Column>();
  /** Id of the last series in the file; undefined until it has been read. */
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

  /** Adds a column that is already in the file. */
  restore(column: Column): void {
    this.isStored = true;
    this.#shownColumns.add(folded(column.shown));
    this.#ofKind(column.kind).set(column.name, column);
  }

  /** Adds a column that the file does not have yet. */
  add(kind: Column['kind'], name: string, type: FieldType): void {
    const columns = this.#ofKind(kind);
    const column = `${kind === 'tag' ? 't' : 'f'}${columns.size + 1}`;
    const added: Column = { kind, name, type, column, shown: shownName(name, this.#shownColumns) };
    columns.set(name, added);
    this.#pending.push(added);
  }

  /** Returns the statements that save the pending columns; they must run in one transaction. */
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

  /** Must be called after the transaction with `schemaSql` was committed. */
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

  /** Returns the statement for the view, which shows time, tags and fields under their own names. */
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

/** Returns DuckDB's type for a field type. */
export function sqlType(type: FieldType): string {
  return SQL_TYPES[type];
}
