import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { settingRows } from '../../src/config/settings-table.js';
import { entriesOf, WHEN_APPLIED, whenApplied } from '../../src/config/when-applied.js';

const keys = settingRows().map(({ key }) => key);
const entries = Object.keys(WHEN_APPLIED);

it('has every key of the schema in exactly one entry, so that a new one is not forgotten', () => {
  const sections = keys.filter((key) => entries.some((entry) => entry.startsWith(`${key}.`)));
  expect(sections).toEqual(['consumer']);
  for (const key of keys) if (!sections.includes(key)) expect(entriesOf(key), key).toHaveLength(1);
});

it('has no entry that the schema does not have', () => {
  expect(entries.filter((entry) => !keys.includes(entry))).toEqual([]);
});

it.each([
  ['rules', 'reload'],
  ['rules[2].fields.t.range', 'reload'],
  ['consumer.payload.maxDepth', 'reload'],
  ['consumer.batch.records', 'restart'],
  ['broker.listeners[0].port', 'restart'],
  ['sink.influx.tokenFile', 'restart'],
] as const)('%s comes into force with a %s', (key, when) => {
  expect(whenApplied(key)).toBe(when);
});

it('is what docs/configuration.md says', () => {
  const doc = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'configuration.md'), 'utf8');
  const reloadable = entries.filter((entry) => WHEN_APPLIED[entry] === 'reload');
  expect(doc).toContain(`A reload applies ${reloadable.map((entry) => `\`${entry}\``).join(' and ')}.`);
});
