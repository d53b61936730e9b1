import type { AnswerSeries, InfluxqlRequest, StatementResult } from '../../../influxql/answer.js';
import { AnswerLimits, MAX_ROWS_READ } from '../../../influxql/answer-limits.js';
import { byBytes } from '../../../influxql/expand-fields.js';
import { InfluxqlError } from '../../../influxql/influxql-error.js';
import { compileRegex } from '../../../influxql/regex.js';
import { splitCondition } from '../../../influxql/split-condition.js';
import type { Expression, KeyChoice, Limits, ShowStatement } from '../../../influxql/statement.js';
import type { InterruptibleRead } from '../interruptible-read.js';
import { tagsOfKey } from '../series-entries.js';
import { conditionSql } from './condition-sql.js';
import { type FoundMeasurement, findMeasurements, valueType } from './find-measurements.js';

type ListedStatement = Omit<ShowStatement, 'what'> & {
  readonly what: Exclude<ShowStatement['what'], 'databases' | 'retention policies'>;
};

/** Answers a SHOW statement. Times in its condition are ignored: names are listed whenever their points came. */
export async function runShow(
  read: InterruptibleRead,
  statement: ShowStatement,
  { database }: Pick<InfluxqlRequest, 'database'>,
  nowNs: bigint,
): Promise<StatementResult> {
  switch (statement.what) {
    case 'databases':
      return { series: [{ name: 'databases', columns: ['name'], values: [[database]] }] };
    case 'retention policies':
      return { series: [RETENTION_POLICIES] };
    default:
      return { series: await read.snapshot(() => listed(read, statement as ListedStatement, nowNs)) };
  }
}

/** The store has no retention policies. The name is what InfluxDB calls the one that every database has. */
const RETENTION_POLICIES: AnswerSeries = {
  columns: ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default'],
  values: [['autogen', '0s', '168h0m0s', 1n, true]],
};

async function listed(
  read: InterruptibleRead,
  statement: ListedStatement,
  nowNs: bigint,
): Promise<readonly AnswerSeries[]> {
  const { what, sources } = statement;
  const { filter } = splitCondition(statement.condition, { nowNs, zone: undefined });
  const found = await findMeasurements(read, sources);
  const all = new NameLists(read, filter);
  switch (what) {
    case 'measurements': {
      const names: string[] = [];
      for (const one of found) if (await all.hasSeries(one)) names.push(one.name);
      return nonEmpty(
        'measurements',
        ['name'],
        limited(
          names.map((name) => [name]),
          statement,
        ),
      );
    }
    case 'field keys':
      return found.flatMap(({ name, stored }) =>
        nonEmpty(
          name,
          ['fieldKey', 'fieldType'],
          limited(
            [...stored.fields]
              .sort(([a], [b]) => byBytes(a, b))
              .map(([field, { type }]) => [field, valueType(type)]),
            statement,
          ),
        ),
      );
    case 'tag keys':
      return perMeasurement(found, ['tagKey'], statement, (one) => all.tagKeys(one));
    case 'tag values':
      return perMeasurement(found, ['key', 'value'], statement, (one) => all.tagValues(one, statement.keys!));
    case 'series': {
      const keys: string[] = [];
      for (const one of found) keys.push(...(await all.seriesKeys(one)));
      return nonEmpty(
        undefined,
        ['key'],
        limited(
          keys.sort(byBytes).map((key) => [key]),
          statement,
        ),
      );
    }
  }
}

async function perMeasurement(
  found: readonly FoundMeasurement[],
  columns: readonly string[],
  limits: Limits,
  rowsOf: (measurement: FoundMeasurement) => Promise<readonly (readonly string[])[]>,
): Promise<readonly AnswerSeries[]> {
  const series: AnswerSeries[] = [];
  for (const one of found) series.push(...nonEmpty(one.name, columns, limited(await rowsOf(one), limits)));
  return series;
}

function nonEmpty(
  name: string | undefined,
  columns: readonly string[],
  values: AnswerSeries['values'],
): readonly AnswerSeries[] {
  return values.length === 0 ? [] : [{ ...(name === undefined ? {} : { name }), columns, values }];
}

function limited<T>(all: readonly T[], { limit, offset }: Limits): readonly T[] {
  return all.slice(offset, limit === 0 ? undefined : offset + limit);
}

/** Reads names from the series of measurements, as far as they fulfil a condition about tags. */
class NameLists {
  readonly #read: InterruptibleRead;
  readonly #filter: Expression | undefined;
  readonly #limits = new AnswerLimits();

  constructor(read: InterruptibleRead, filter: Expression | undefined) {
    this.#read = read;
    this.#filter = filter;
  }

  async hasSeries(one: FoundMeasurement): Promise<boolean> {
    const rows = await this.#rows(one, 's.series', 'LIMIT 1');
    return rows.length > 0;
  }

  async tagKeys(one: FoundMeasurement): Promise<readonly (readonly string[])[]> {
    const tags = [...one.stored.tags].sort(([a], [b]) => byBytes(a, b));
    if (tags.length === 0) return [];
    const [used = []] = await this.#rows(one, tags.map(([, column]) => `count(s.${column})`).join(', '));
    return tags.filter((_tag, nth) => used[nth] !== 0n).map(([tag]) => [tag]);
  }

  async tagValues(one: FoundMeasurement, keys: KeyChoice): Promise<readonly (readonly string[])[]> {
    const isChosen = keyTest(keys);
    const found: (readonly string[])[] = [];
    for (const [tag, column] of [...one.stored.tags].sort(([a], [b]) => byBytes(a, b))) {
      if (!isChosen(tag)) continue;
      const rows = await this.#rows(one, `DISTINCT s.${column}`, '');
      const values = rows.flatMap(([value]) => (value === null || value === '' ? [] : [String(value)]));
      found.push(...values.sort(byBytes).map((value) => [tag, value]));
    }
    return found;
  }

  async seriesKeys(one: FoundMeasurement): Promise<readonly string[]> {
    const rows = await this.#rows(one, 's.tags');
    return rows.map(([key]) => {
      const tags = tagsOfKey(String(key)).map(({ name, value }) => `,${escaped(name)}=${escaped(value)}`);
      return `${one.name.replace(/[, ]/g, '\\$&')}${tags.join('')}`;
    });
  }

  async #rows(one: FoundMeasurement, selected: string, end = ''): Promise<readonly (readonly unknown[])[]> {
    const condition = conditionSql(this.#filter, one.stored, new Set(one.stored.fields.keys()));
    if (condition.points !== 'true') {
      throw new InfluxqlError('WHERE of a SHOW statement takes tags only');
    }
    const rows = await this.#read.rows(
      `SELECT ${selected} FROM ${one.stored.seriesTable} s WHERE ${condition.series} ${end || `LIMIT ${MAX_ROWS_READ + 1}`}`,
    );
    if (rows.length > MAX_ROWS_READ) throw new InfluxqlError(`there are more than ${MAX_ROWS_READ} names`);
    for (const row of rows)
      this.#limits.countTexts(row.map((cell) => (typeof cell === 'string' ? cell : null)));
    return rows;
  }
}

function keyTest(keys: KeyChoice): (name: string) => boolean {
  if ('names' in keys) {
    return (name) => keys.names.includes(name) === (keys.operator === 'in');
  }
  const matches = compileRegex(keys.pattern);
  return (name) => matches(name) === (keys.operator === '=~');
}

function escaped(text: string): string {
  return text.replace(/[,= ]/g, '\\$&');
}
