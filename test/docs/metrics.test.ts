import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { METRICS } from '../../src/metrics/create-metrics.js';

const DOC = join(import.meta.dirname, '..', '..', 'docs', 'metrics.md');

it('docs/metrics.md has every metric and no other', () => {
  const doc = readFileSync(DOC, 'utf8');
  const rows = METRICS.map(({ name, kind, label, help, only }) => {
    const when = only === undefined ? '' : ` (${only})`;
    return `| \`${name}\` | ${kind} | ${label === undefined ? '' : `\`${label}\``} | ${help}${when} |`;
  });
  const updated = doc.replace(
    /(\| name \|[^\n]*\n\|[-|]+\n)(?:\| `sluice_[^\n]*\n)+/,
    (_all, head: string) => `${head}${rows.join('\n')}\n`,
  );
  if (process.env.UPDATE_DOCS === '1') writeFileSync(DOC, updated);
  expect(doc, 'run UPDATE_DOCS=1 npx vitest run test/docs/metrics.test.ts').toBe(updated);
  expect(rows.every((row) => updated.includes(row))).toBe(true);
});
