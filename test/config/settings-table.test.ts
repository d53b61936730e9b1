import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { accessSchema } from '../../src/config/access/access-schema.js';
import { settingRows, settingsMarkdown } from '../../src/config/settings-table.js';

const ROOT = join(import.meta.dirname, '..', '..');
const DOC = join(ROOT, 'docs', 'configuration.md');

test('docs/configuration.md holds exactly the keys, defaults and limits of the schema', () => {
  const doc = readFileSync(DOC, 'utf8');
  const made = `<!-- settings -->\n\n${settingsMarkdown()}\n\n<!-- /settings -->`;
  const updated = doc.replace(/<!-- settings -->[\s\S]*<!-- \/settings -->/, () => made);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(DOC, updated);
  expect(doc, 'run UPDATE_DOCS=1 npx vitest run test/config/settings-table.test.ts').toBe(updated);
  expect(doc).toContain('<!-- settings -->');
});

test('docs/configuration.md holds exactly the keys of the access file', () => {
  const doc = readFileSync(DOC, 'utf8');
  const made = `<!-- access -->\n\n${settingsMarkdown(accessSchema)}\n\n<!-- /access -->`;
  const updated = doc.replace(/<!-- access -->[\s\S]*<!-- \/access -->/, () => made);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(DOC, updated);
  expect(doc, 'run UPDATE_DOCS=1 npx vitest run test/config/settings-table.test.ts').toBe(updated);
  expect(doc).toContain('<!-- access -->');
});

test('every key is described by a sentence', () => {
  for (const { key, description } of [...settingRows(), ...settingRows(accessSchema)])
    expect(description, key).toMatch(/^[A-Z`].*[.]$/s);
});

test('the table names keys at every depth, with their defaults', () => {
  const rows = new Map(settingRows().map((row) => [row.key, row]));
  expect(rows.get('broker.listeners[].host')?.default).toBe('127.0.0.1');
  expect(rows.get('rules[].time.window.future')?.default).toBe('10min');
  expect(rows.get('rules[].tags.*.value')?.default).toBe('');
  expect(rows.get('rules[].name')?.default).toBe('required');
  expect(rows.get('sink.influx.concurrency')?.default).toBe('1; 4 with version 3');
});

test('the table has no old names of keys', () => {
  expect(settingRows().map(({ key }) => key)).not.toContain('sink.influx.lanes');
});

test('sluice.example.yaml shows every key of the schema, commented or not', () => {
  const sections = exampleSections();
  for (const { key } of settingRows()) {
    const steps = key.replaceAll('[]', '').split('.');
    const last = steps.at(-1)!;
    if (last === '*') continue;
    const text = sections.get(steps[0]!);
    expect(text, `the section ${steps[0]} of the example`).toBeDefined();
    expect(text, `${key} in the example`).toMatch(new RegExp(`(?:^|[\\s{,#-])${last}:`, 'm'));
  }
});

/** The text of each top-level key, with its comments. */
function exampleSections(): Map<string, string> {
  const sections = new Map<string, string>();
  let current = '';
  for (const line of readFileSync(join(ROOT, 'sluice.example.yaml'), 'utf8').split('\n')) {
    current = /^([a-z]+):/.exec(line)?.[1] ?? current;
    sections.set(current, `${sections.get(current) ?? ''}${line}\n`);
  }
  return sections;
}
