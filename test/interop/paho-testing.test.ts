import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../docs/pages.js';
import { PAHO_TESTING } from './paho-testing.js';

it('docs/development.md fetches the interoperability tests of Eclipse Paho at the commit that we have run', () => {
  const page = readFileSync(join(ROOT, 'docs', 'development.md'), 'utf8');
  expect(page).toContain(`git clone ${PAHO_TESTING.repository} `);
  expect(page).toContain(` checkout ${PAHO_TESTING.commit}\n`);
});
