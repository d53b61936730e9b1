import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { casesAt } from './all-cases.js';
import { titleOf } from './conformance-case.js';
import { LEVELS, VERSION_NAMES } from './level.js';
import { deviationOf } from './run-case.js';
import { sluiceUnderTest } from './sluice-under-test.js';

describe.each(LEVELS.map((level) => [VERSION_NAMES[level], level] as const))('%s', (_, level) => {
  let started: Awaited<ReturnType<typeof sluiceUnderTest>>;
  const directory = mkdtempSync(join(tmpdir(), 'sluice-conformance-'));

  beforeAll(async () => {
    started = await sluiceUnderTest(directory);
  });
  afterAll(async () => {
    await started.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  for (const one of casesAt(level)) {
    (one.waits ? it.concurrent : it)(titleOf(one, level), async () => {
      expect(await deviationOf(one, started.broker, level)).toBeUndefined();
    });
  }
});
