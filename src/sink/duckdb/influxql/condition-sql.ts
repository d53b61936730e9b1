import { InfluxqlError } from '../../../influxql/influxql-error.js';
import type { Binary, Expression, Operator, Reference } from '../../../influxql/statement.js';
import { literal } from '../identifiers.js';
import { type StoredMeasurement, tagText } from '../stored-measurement.js';

/** A condition about points `p` and their series `s`, as SQL. */
export interface ConditionSql {
  /** What holds for whole series; 'true' when nothing is asked of them alone. */
  readonly series: string;
  /** What each point has to fulfil beside that. */
  readonly points: string;
  /** Whether `points` names the series `s`. */
  readonly joinsSeries: boolean;
}

interface Names {
  readonly stored: StoredMeasurement;
  readonly fieldNames: ReadonlySet<string>;
}

interface Part {
  readonly sql: string;
  readonly usesTags: boolean;
  readonly usesFields: boolean;
}

const COMPARISONS: ReadonlySet<Operator> = new Set(['=', '!=', '<', '<=', '>', '>=']);
const MIRRORED: Partial<Record<Operator, Operator>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' };
const NEGATED = new Set<Operator>(['!=', '!~']);

/**
 * Translates a condition without time. As in InfluxDB a series without a tag has '' there, and a comparison of a field that
 * a point does not have is false.
 *
 * @param fieldNames what is a field in any measurement of the statement: where one lacks it, it is no tag there
 */
export function conditionSql(
  condition: Expression | undefined,
  stored: StoredMeasurement,
  fieldNames: ReadonlySet<string>,
): ConditionSql {
  const names = { stored, fieldNames };
  const parts = condition === undefined ? [] : conjuncts(condition).map((one) => partOf(one, names));
  const ofSeries = parts.filter(({ usesFields }) => !usesFields);
  const ofPoints = parts.filter(({ usesFields }) => usesFields);
  return {
    series: all(ofSeries),
    points: all(ofPoints),
    joinsSeries: ofPoints.some(({ usesTags }) => usesTags),
  };
}

function all(parts: readonly Part[]): string {
  return parts.length === 0 ? 'true' : parts.map(({ sql }) => sql).join(' AND ');
}

function conjuncts(condition: Expression): readonly Expression[] {
  if (condition.kind !== 'binary' || condition.operator !== 'AND') return [condition];
  return [...conjuncts(condition.left), ...conjuncts(condition.right)];
}

function partOf(condition: Expression, names: Names): Part {
  if (condition.kind === 'boolean') return { sql: `${condition.value}`, usesTags: false, usesFields: false };
  if (condition.kind !== 'binary') throw notSupported();
  const { operator, left, right } = condition;
  if (operator !== 'AND' && operator !== 'OR') return comparison(condition, names);
  const [a, b] = [partOf(left, names), partOf(right, names)];
  return {
    sql: `(${a.sql} ${operator} ${b.sql})`,
    usesTags: a.usesTags || b.usesTags,
    usesFields: a.usesFields || b.usesFields,
  };
}

function comparison({ operator, left, right }: Binary, names: Names): Part {
  const isRegex = operator === '=~' || operator === '!~';
  if (!isRegex && !COMPARISONS.has(operator)) throw notSupported();
  if (left.kind !== 'reference') {
    if (right.kind !== 'reference') throw notSupported();
    return comparison(
      { kind: 'binary', operator: MIRRORED[operator] ?? operator, left: right, right: left },
      names,
    );
  }
  const field = left.cast === 'tag' ? undefined : names.stored.fields.get(left.name);
  if (right.kind === 'reference') return ofTwoFields(operator, left, right, names.stored);
  if (field === undefined) return ofTag(operator, left, right, names);
  const sql = fieldSql(operator, left.name, `p.${field.column}`, field.type, right);
  return { sql, usesTags: false, usesFields: true };
}

function ofTag(operator: Operator, { name, cast }: Reference, value: Expression, names: Names): Part {
  const { stored, fieldNames } = names;
  const isTag = cast === 'tag' || (cast === undefined && !fieldNames.has(name));
  // No point of this measurement has such a field.
  if (!isTag) return { sql: 'false', usesTags: false, usesFields: false };
  const text = tagText(stored, name);
  const part = (sql: string): Part => ({ sql, usesTags: true, usesFields: false });
  if (value.kind === 'regex') return part(regexSql(operator, text, value.pattern));
  if (value.kind === 'string' && (operator === '=' || operator === '!=')) {
    return part(`${text} ${operator === '=' ? '=' : '<>'} ${literal(value.value)}`);
  }
  if (stored.tags.has(name)) {
    throw new InfluxqlError(`the tag "${name}" can be compared with a text by =, !=, =~ and !~ only`);
  }
  // No point has such a field.
  return part('false');
}

function fieldSql(operator: Operator, name: string, column: string, type: string, value: Expression): string {
  const isEquality = operator === '=' || operator === '!=';
  if (type === 'string') {
    if (value.kind === 'regex') return `coalesce(${regexSql(operator, column, value.pattern)}, false)`;
    if (value.kind === 'string' && isEquality) return compared(operator, column, literal(value.value));
  }
  if (type === 'boolean' && value.kind === 'boolean' && isEquality) {
    return compared(operator, column, `${value.value}`);
  }
  if (type === 'int' && value.kind === 'integer') {
    return compared(operator, column, `(${value.value})::BIGINT`);
  }
  if ((type === 'int' || type === 'float') && (value.kind === 'integer' || value.kind === 'number')) {
    return compared(operator, `${column}::DOUBLE`, `CAST('${Number(value.value)}' AS DOUBLE)`);
  }
  const type1 = type === 'int' ? 'integer' : type;
  throw new InfluxqlError(
    `the field "${name}" is a ${type1} and cannot be compared with a ${value.kind} by ${operator}`,
  );
}

function ofTwoFields(operator: Operator, left: Reference, right: Reference, stored: StoredMeasurement): Part {
  const columns = [left, right].map(({ name, cast }) => {
    const field = cast === 'tag' ? undefined : stored.fields.get(name);
    if (field?.type === 'int' || field?.type === 'float') return field;
    throw new InfluxqlError(
      `two names can be compared only when both are fields with numbers; "${name}" is none`,
    );
  });
  const areIntegers = columns.every(({ type }) => type === 'int');
  const [a, b] = columns.map(({ column }) => (areIntegers ? `p.${column}` : `p.${column}::DOUBLE`));
  return { sql: compared(operator, a!, b!), usesTags: false, usesFields: true };
}

function compared(operator: Operator, left: string, right: string): string {
  return `coalesce(${left} ${operator === '!=' ? '<>' : operator} ${right}, false)`;
}

function regexSql(operator: Operator, text: string, pattern: string): string {
  return `${NEGATED.has(operator) ? 'NOT ' : ''}regexp_matches(${text}, ${literal(pattern)})`;
}

function notSupported(): InfluxqlError {
  return new InfluxqlError(
    'WHERE takes comparisons (=, !=, <, <=, >, >=, =~, !~) of a tag or field with a constant, joined by AND and OR',
  );
}
