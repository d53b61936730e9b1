import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot, RELEASED_AT_MS, VERSION } from '../../src/lib/package-root.js';
import { isPlausibleMs } from '../../src/lib/plausible-time.js';

/** A clock before this date is called wrong, so a date that is too late would make good clocks wrong. */
test('the release date in package.json is that of the changelog, or has passed while there is none', () => {
  const changelog = readFileSync(join(packageRoot(), 'CHANGELOG.md'), 'utf8');
  const heading = new RegExp(`^## ${VERSION.replaceAll('.', '\\.')} \\((.+)\\)$`, 'm').exec(changelog)?.[1];
  expect(heading, `CHANGELOG.md has a heading for ${VERSION}`).toBeDefined();
  const { releaseDate } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    releaseDate: string;
  };
  expect(releaseDate).toMatch(/^\d{4}-\d\d-\d\d$/);
  if (heading !== 'unreleased') expect(releaseDate).toBe(heading);
  // Nobody who builds it can have a correct clock before that.
  expect(RELEASED_AT_MS).toBeLessThanOrEqual(Date.now());
  // A version is not made from a date of years ago: set it when the version changes.
  expect(RELEASED_AT_MS).toBeGreaterThanOrEqual(Date.UTC(2026, 10, 1));
});

test.each([
  [0, false],
  [RELEASED_AT_MS - 1, false],
  [RELEASED_AT_MS, true],
  [Date.UTC(2099, 11, 31), true],
  [Date.UTC(2100, 0, 1), false],
])('a clock of %d ms is plausible: %s', (ms, isPlausible) => {
  expect(isPlausibleMs(ms)).toBe(isPlausible);
});
