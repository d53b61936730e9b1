import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../src/influxql/parse-query.js';

const condition = (text: string) => {
  const [statement] = parseQuery(`SELECT "v" FROM "m" WHERE ${text}`);
  return statement?.kind === 'select' ? statement.condition : undefined;
};
const name = (of: string) => ({ kind: 'reference', name: of });
const integer = (value: bigint) => ({ kind: 'integer', value });

describe('a SELECT', () => {
  it('is read with all its clauses', () => {
    const query = `select mean("v") AS "x", /re\\/gex/ from db.rp."m", /n/ where "a" = 'b' group by time(1m, 5s), "t"
      fill(previous) order by time desc limit 1 offset 2 slimit 3 soffset 4 tz('Europe/Berlin')`;
    expect(parseQuery(query)).toMatchObject([
      {
        kind: 'select',
        fields: [
          { expression: { kind: 'call', name: 'mean', args: [name('v')] }, alias: 'x' },
          { expression: { kind: 'regex', pattern: 're/gex' } },
        ],
        sources: [{ name: 'm' }, { kind: 'regex', pattern: 'n' }],
        groupBy: [
          { kind: 'call', name: 'time', args: [{ ns: 60_000_000_000n }, { ns: 5_000_000_000n }] },
          name('t'),
        ],
        fill: { kind: 'previous' },
        ascending: false,
        limit: 1,
        offset: 2,
        seriesLimit: 3,
        seriesOffset: 4,
      },
    ]);
  });

  it.each([
    ['a = 1 OR b = 2 AND c = 3', 'OR', 'AND'],
    ['(a = 1 OR b = 2) AND c = 3', 'AND', '='],
    ['a = 1 AND b = 2 AND c = 3', 'AND', '='],
  ])('%s: AND binds more strongly than OR', (text, top, right) => {
    expect(condition(text)).toMatchObject({ operator: top, right: { operator: right } });
  });

  it('operators of one strength are read from the left, and * before -', () => {
    expect(condition('a = 1 - 2 - 3 * 4')).toMatchObject({
      right: {
        operator: '-',
        left: { operator: '-', left: integer(1n), right: integer(2n) },
        right: { operator: '*', left: integer(3n), right: integer(4n) },
      },
    });
  });

  it.each([
    ['names', '"a \\"b\\" \\\\ \\n c"', { name: 'a "b" \\ \n c' }],
    ['texts', `'it\\'s'`, { value: "it's" }],
    ['durations', '1w2d3h4m5s6ms7u8ns', { ns: 788_645_006_007_008n }],
    ['negative numbers', '-1.5', { value: -1.5 }],
    ['integers', '9223372036854775807', { value: 9_223_372_036_854_775_807n }],
  ])('%s are read exactly', (_what, text, value) => {
    expect(condition(`a = ${text}`)).toMatchObject({ right: value });
  });

  it('a slash divides, or begins a regular expression', () => {
    expect(condition('a =~ /x/ AND b = 4 / 2')).toMatchObject({
      left: { right: { kind: 'regex', pattern: 'x' } },
      right: { right: { operator: '/' } },
    });
  });

  it('bound parameters are values, whatever is in them', () => {
    const text = `x' OR 'a' = 'a`;
    const [statement] = parseQuery('SELECT v FROM m WHERE a = $name', new Map([['name', text]]));
    expect(statement).toMatchObject({ condition: { right: { kind: 'string', value: text } } });
    expect(() => parseQuery('SELECT v FROM m WHERE a = $other')).toThrow('missing parameter: other');
  });
});

describe('what is wrong is named with its place', () => {
  it.each([
    ['SELECT v FROM', 'found EOF, expected identifier at line 1, char 14'],
    ['SELECT v\nFROM m WHERE\n  a ==', 'at line 3, char 6'],
    ['SELECT v FROM m LIMIT x', 'found x, expected integer'],
    ["SELECT v FROM m WHERE a = 'b", "without a closing '"],
    ['SELECT v FROM m WHERE a =~ /b', 'no closing slash'],
    ['SELECT v FROM m WHERE a =~ /(/', 'not a regular expression of RE2'],
    ['SELECT v FROM (SELECT w FROM m)', 'subqueries are not supported'],
    ['SELECT v < 5 FROM m', 'invalid operator < in SELECT clause'],
    ['SELECT mean(v = 5) FROM m', 'invalid operator = in SELECT clause'],
    ['SELECT v INTO n FROM m', 'this store only reads'],
    ['DROP MEASUREMENT m', 'found DROP, expected SELECT, SHOW (this store only reads)'],
    ['SHOW TAG VALUES CARDINALITY', 'expected DATABASES, FIELD KEYS'],
    ['SHOW QUERIES', 'expected DATABASES, FIELD KEYS'],
    ['SELECT v FROM m WHERE a = 5y', 'invalid duration 5y'],
    ['SELECT v FROM m WHERE a = 9223372036854775808', 'larger than 9223372036854775807'],
    ["SELECT v FROM m tz('Mars')", 'unable to find time zone Mars'],
    ['SELECT v FROM m; x', 'found x'],
    ['SELECT v FROM m WHERE a = #', 'which nothing begins with'],
  ])('%s', (query, reason) => {
    expect(() => parseQuery(query)).toThrow(reason);
  });
});

describe('bounds', () => {
  const times = (count: number, text: string, separator = '') =>
    Array<string>(count).fill(text).join(separator);
  it.each([
    ['characters', `SELECT v FROM m -- ${times(65_536, 'x')}`, 'at most 65536 characters'],
    ['statements', times(51, 'SHOW DATABASES', ';'), 'at most 50 statements'],
    ['depth', `SELECT v FROM m WHERE ${times(65, '(')}a = 1${times(65, ')')}`, 'at most 64 deep'],
    ['depth of signs', `SELECT v FROM m WHERE a = ${times(65, '- ')}1`, 'at most 64 deep'],
    ['operators', `SELECT v FROM m WHERE ${times(502, 'a = 1', ' OR ')}`, 'at most 1000 operators'],
    ['fields', `SELECT ${times(501, 'v', ',')} FROM m`, 'at most 500 expressions'],
    ['sources', `SELECT v FROM ${times(101, 'm', ',')}`, 'at most 100 measurements'],
    ['groups', `SELECT v FROM m GROUP BY ${times(101, 't', ',')}`, 'at most 100 tags'],
    ['a regular expression', `SELECT v FROM m WHERE a =~ /${times(30, '(\\w{1,100}x){9}')}/`, 'too large'],
  ])('%s', (_what, query, reason) => {
    expect(() => parseQuery(query)).toThrow(reason);
  });

  it('a query at the bounds is read', () => {
    expect(parseQuery(times(50, 'SHOW DATABASES', ';'))).toHaveLength(50);
    expect(condition(`${times(60, '(')}a = 1${times(60, ')')}`)).toBeDefined();
    expect(condition(times(500, 'a = 1', ' OR '))).toBeDefined();
    expect(condition(`a =~ /^(${times(500, 'sensor-with-name-x', '|')})$/`)).toBeDefined();
  });
});
