import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { grafanaUnit, unitWords } from '../../src/grafana/units.js';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'rules.md'), 'utf8');
const section = /### Units\n([\s\S]*?)\n### /.exec(text)![1]!;
const words = [...section.matchAll(/^\| [a-z].*$/gm)].flatMap(([line]) =>
  [...line.matchAll(/`([^`]+)`/g)].map(([, word]) => word!),
);

describe('docs/rules.md', () => {
  it('lists only words for units that are known', () => {
    expect(words.length).toBeGreaterThan(60);
    for (const word of words) expect(grafanaUnit(word), word).not.toMatch(/^suffix:/);
  });

  it('lists a word for every unit', () => {
    const listed = new Set(words.map(grafanaUnit));
    for (const [unit] of unitWords()) expect([...listed]).toContain(unit);
  });
});
