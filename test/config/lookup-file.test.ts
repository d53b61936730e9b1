import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { readLookupFile } from '../../src/config/lookup-file.js';

const directory = mkdtempSync(join(tmpdir(), 'sluice-table-'));
const path = join(directory, 'devices.csv');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function read(content: string | Buffer, options: { keyColumn?: string; delimiter?: string } = {}) {
  writeFileSync(path, content);
  const result = readLookupFile({ path, delimiter: ',', ...options });
  if (!result.ok)
    return [result.finding.got, result.finding.expected, result.finding.hint]
      .join(' | ')
      .replaceAll(path, 'F');
  return { columns: result.table.columns, rows: [...result.table.rows] };
}

describe('a table out of a CSV file', () => {
  it.each<
    [
      what: string,
      content: string | Buffer,
      options: Parameters<typeof read>[1],
      columns: string[],
      rows: unknown,
    ]
  >([
    [
      'the first column is the key',
      'id,site,floor\na,x,1\nb,y,2\n',
      {},
      ['site', 'floor'],
      [
        ['a', ['x', '1']],
        ['b', ['y', '2']],
      ],
    ],
    ['another column is the key', 'site,id\nx,a\n', { keyColumn: 'id' }, ['site'], [['a', ['x']]]],
    ['another delimiter', 'id;site\na;x,y\n', { delimiter: ';' }, ['site'], [['a', ['x,y']]]],
    ['quotes, as spreadsheets write them', 'id,site\r\na,"x, ""y"""\r\n', {}, ['site'], [['a', ['x, "y"']]]],
    [
      'a byte order mark, blanks and empty lines',
      '\ufeffid, site\n\n a ,x \n\n',
      {},
      ['site'],
      [['a', ['x']]],
    ],
    ['no rows', 'id,site\n', {}, ['site'], []],
    [
      'keys that objects inherit',
      'id,site\nconstructor,x\n__proto__,y\n',
      {},
      ['site'],
      [
        ['constructor', ['x']],
        ['__proto__', ['y']],
      ],
    ],
  ])('%s', (_what, content, options, columns, rows) => {
    expect(read(content, options)).toEqual({ columns, rows });
  });

  it.each<[what: string, content: string | Buffer, options: Parameters<typeof read>[1], problem: RegExp]>([
    ['nothing', '', {}, /F, which is empty \| the names of the columns in the first line/],
    ['a key for the second time', 'id,site\na,x\n\na,y\n', {}, /F:4: the key "a" for the second time/],
    ['a row without a key', 'id,site\n,x\n', {}, /F:2: a row without a key/],
    ['a row with another number of cells', 'id,site\na\n', {}, /F: Invalid Record Length: .* on line 2/],
    ['an open quote', 'id,site\na,"x\n', {}, /F: Quote Not Closed/],
    ['a column without a name', 'id,\na,x\n', {}, /F:1: the column ""/],
    [
      'a key column that is not there',
      'id,site\na,x\n',
      { keyColumn: 'nr' },
      /F with the columns id, site \| the column "nr" of the key/,
    ],
    ['bytes that are not UTF-8', Buffer.from([0x69, 0xff]), {}, /it is not UTF-8 text/],
    ['a file of more than 16 MiB', Buffer.alloc(16 * 1024 * 1024 + 1, 'a'), {}, /F of more than 16 MiB/],
  ])('%s is a problem', (_what, content, options, problem) => {
    expect(read(content, options)).toMatch(problem);
  });
});

describe('consumer.tables', () => {
  const problemsOf = (yaml: string) => {
    const parsed = parseConfig(yaml, 'f', directory, {});
    return parsed.ok
      ? []
      : parsed.problems.map(({ key, got, expected, hint }) => `${key}: ${got} | ${expected} | ${hint}`);
  };

  it('are read relative to the configuration', () => {
    writeFileSync(path, 'id,site\na,x\n');
    const parsed = parseConfig('consumer: { tables: { d: { file: devices.csv } } }', 'f', directory, {});
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    expect(parsed.loaded.config.mapping.tables.d?.rows.get('a')).toEqual(['x']);
  });

  it.each<[string, RegExp]>([
    [
      'consumer: { tables: { d: { file: nowhere.csv } } }',
      /tables\.d\.file: .*nowhere\.csv \| a file that can be read \| no file is there/,
    ],
    ['consumer: { tables: { d: {} } }', /tables\.d: neither \| either file or rows/],
    [
      'consumer: { tables: { d: { file: devices.csv, rows: { a: { x: 1 } } } } }',
      /tables\.d: both \| either file or rows/,
    ],
    [
      'consumer: { tables: { d: { rows: { a: { site: x } } } } }\nrules: [{ name: r, topic: a, measurement: m, tags: { s: { lookup: { table: e, key: device, column: site } } } }]',
      /lookup\.table: "e" \| a table: consumer\.tables names d/,
    ],
    [
      'consumer: { tables: { d: { rows: { a: { site: x } } } } }\nrules: [{ name: r, topic: a, measurement: m, tags: { s: { lookup: { table: d, key: device, column: sites } } } }]',
      /lookup\.column: "sites" \| a column of the table d: site/,
    ],
  ])('%s', (yaml, problem) => {
    expect(problemsOf(yaml)).toEqual([expect.stringMatching(problem)]);
  });
});
