import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { METRIC_NAMES } from '../../src/metrics.js';

it('docs/operations.md has every metric and no other', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `(sluice_[a-z_]+)` \| (counter|gauge)/gm)].map(
    (match) => match[1],
  );
  expect(documented).toEqual([...METRIC_NAMES]);
});
