import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLAUSES } from '../broker/conformance/clauses.js';
import type { Level } from '../broker/conformance/level.js';
import { MOSQUITTO_DIFFERENCES } from '../broker/conformance/mosquitto-differences.js';
import { page, ROOT, tableBelow } from './pages.js';

const PAGE = 'docs/mqtt.md';

function withoutCase(level: Level): (readonly string[])[] {
  return Object.entries(CLAUSES[level]).flatMap(([clause, { says, noCase }]) =>
    noCase === undefined ? [] : [[clause, says, noCase]],
  );
}

/** The rows that each table has, by its heading. */
const TABLES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  '### Statements of MQTT 3.1.1 without a case': withoutCase(4),
  '### Statements of MQTT 5 without a case': withoutCase(5),
  '### What Mosquitto does otherwise': MOSQUITTO_DIFFERENCES.map(({ case: name, because }) => [
    name,
    because,
  ]),
};

function update(heading: string, rows: readonly (readonly string[])[]): void {
  const file = join(ROOT, PAGE);
  const [before, after = ''] = readFileSync(file, 'utf8').split(`\n${heading}\n`);
  const lines = rows.map((cells) => `| ${cells.join(' | ')} |`);
  const table = /((?:^|\n)\|.*\|\n\|[-|]+\|\n)(?:\|.*\|\n)*/;
  const written = after.replace(table, (_, head: string) => `${head}${lines.join('\n')}\n`);
  writeFileSync(file, `${before}\n${heading}\n${written}`);
}

describe('the conformance section', () => {
  it.each(Object.entries(TABLES))('has the table below "%s" as the cases are', (heading, rows) => {
    if (process.env.UPDATE_DOCS === '1') update(heading, rows);
    expect(tableBelow(page(PAGE), heading)).toEqual(rows);
  });
});
