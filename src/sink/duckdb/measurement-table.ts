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
  #deletedBeforeNs: bigint | undefined;
  /** The highest number of a column of each kind. */
  readonly #lastNumber = { tag: 0, field: 0 };
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

  /** Points before this time were deleted; undefined: none. */
  get deletedBeforeNs(): bigint | undefined {
    return this.#deletedBeforeNs;
  }

  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  noteDeleted(beforeNs: bigint): void {
    if (this.#deletedBeforeNs === undefined || beforeNs > this.#deletedBeforeNs)
      this.#deletedBeforeNs = beforeNs;
  }

  /** Adds a column that is already in the file. */
  restore(column: Column): void {
    this.#shownColumns.add(folded(column.shown));
    this.#ofKind(column.kind).set(column.name, column);
    this.#lastNumber[column.kind] = Math.max(this.#lastNumber[column.kind], Number(column.column.slice(1)));
  }

  /** Adds a column that the file does not have yet. */
  add(kind: Column['kind'], name: string, type: FieldType): void {
    const column = `${kind === 'tag' ? 't' : 'f'}${++this.#lastNumber[kind]}`;
    const added: Column = { kind, name, type, column, shown: shownName(name, this.#shownColumns) };
    this.#ofKind(kind).set(name, added);
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

  /** Returns the statements that drop columns of the file; `dropped` comes after they are committed. */
  dropSql(columns: readonly Column[]): string {
    const names = columns.map(({ kind, name }) => `(${literal(kind)}, ${literal(name)})`);
    return [
      ...columns.map(
        (column) => `ALTER TABLE ${SCHEMA}.${this.tableOf(column)} DROP COLUMN ${column.column}`,
      ),
      `DELETE FROM ${SCHEMA}.columns WHERE measurement = ${this.id} AND (kind, name) IN (${names.join(', ')})`,
      this.#viewSql(new Set(columns)),
    ].join(';\n');
  }

  dropped(columns: readonly Column[]): void {
    for (const { kind, name, shown } of columns) {
      this.#ofKind(kind).delete(name);
      this.#shownColumns.delete(folded(shown));
    }
  }

  /** Returns the statements that give a field another type; `retyped` comes after they are committed. */
  retypeSql({ name, column }: Column, type: FieldType, converted: string): string {
    return [
      `ALTER TABLE ${SCHEMA}.${this.pointsTable} ALTER COLUMN ${column} TYPE ${SQL_TYPES[type]} USING ${converted}`,
      `UPDATE ${SCHEMA}.columns SET type = ${literal(type)} WHERE measurement = ${this.id} AND kind = 'field' AND name = ${literal(name)}`,
      this.#viewSql(),
    ].join(';\n');
  }

  retyped(column: Column, type: FieldType): void {
    this.fields.set(column.name, { ...column, type });
  }

  /** The table that has the column. */
  tableOf({ kind }: Pick<Column, 'kind'>): string {
    return kind === 'tag' ? this.seriesTable : this.pointsTable;
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
    return this.#pending.map(
      ({ kind, column, type }) =>
        `ALTER TABLE ${SCHEMA}.${this.tableOf({ kind })} ADD COLUMN ${column} ${SQL_TYPES[type]}`,
    );
  }

  /** Returns the statement for the view, which shows time, tags and fields under their own names. */
  #viewSql(without: ReadonlySet<Column> = new Set()): string {
    const columns = [...this.tags.values(), ...this.fields.values()].filter((one) => !without.has(one));
    const shown = [
      'p.time AS "time"',
      ...columns.map((one) => `${one.kind === 'tag' ? 's' : 'p'}.${one.column} AS ${quoted(one.shown)}`),
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
