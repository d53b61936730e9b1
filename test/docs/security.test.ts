import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { page, ROOT, tableBelow } from './pages.js';

const PAGE = 'docs/security.md';
const MOST_FILES = 3;

/** What the checklist, the rules of sign-in and permissions, and the drills about names and places are numbered. */
const NUMBERS = [...numbered('security ', 54), ...numbered('access ', 12), ...numbered('drill N', 6)];

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}${index + 1}`);
}

/** A text in quotes that names numbers in brackets: only titles of tests do. */
const TITLE = /(['"`])(?:(?!\1)[^\n])*?\[(?:security|access|drill) [A-Z]?\d+\](?:(?!\1)[^\n])*/g;

/** The files below test/ that have the number in the title of a test. */
const testsOf = new Map<string, string[]>(NUMBERS.map((number) => [number, []]));
const unknown: string[] = [];
for (const name of readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).sort()) {
  const file = `test/${name}`;
  if (!file.endsWith('.test.ts') || file === 'test/docs/security.test.ts') continue;
  const titles = readFileSync(join(ROOT, file), 'utf8').match(TITLE) ?? [];
  const named = titles.flatMap((title) => [...title.matchAll(/\[((?:security|access|drill) [A-Z]?\d+)\]/g)]);
  for (const number of new Set(named.map(([, one]) => one!))) {
    // Other drills are no part of this page.
    if (testsOf.has(number)) testsOf.get(number)!.push(file);
    else if (!/^drill [^N]/.test(number)) unknown.push(`${file}: ${number}`);
  }
}

const filesText = (number: string) =>
  testsOf
    .get(number)!
    .slice(0, MOST_FILES)
    .map((file) => `\`${file}\``)
    .join(', ') || '—';

describe('the numbers of the checklist', () => {
  it('are each in the title of a test', () => {
    expect(NUMBERS.filter((number) => testsOf.get(number)!.length === 0)).toEqual([]);
  });

  it('are named correctly by the tests', () => {
    expect(unknown).toEqual([]);
  });

  it('are all in the table, each with what it is, its default, and a test that holds it', () => {
    if (process.env.UPDATE_DOCS === '1') updateTable();
    const rows = tableBelow(page(PAGE), '## The checklist');
    expect(rows.map(([number]) => number)).toEqual(NUMBERS);
    const wrong = rows.filter(([number, what, byDefault, tests]) => {
      const files = [...tests!.matchAll(/`([^`]+)`/g)].map(([, file]) => file!);
      const holds = files.length > 0 && files.every((file) => testsOf.get(number!)!.includes(file));
      return what === '' || byDefault === '' || !holds;
    });
    expect(wrong.map(([number]) => number)).toEqual([]);
  });
});

/** Writes the last column: a number whose tests have moved would name a file that does not hold it. */
function updateTable(): void {
  const { text } = page(PAGE);
  const updated = text.replace(
    /^\| ((?:security|access|drill) [N\d]+) \| ([^|]+) \| ([^|]+) \| [^|]* \|$/gm,
    (_row, number: string, what: string, byDefault: string) =>
      `| ${number} | ${what} | ${byDefault} | ${filesText(number)} |`,
  );
  writeFileSync(join(ROOT, PAGE), updated);
}
