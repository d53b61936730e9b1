import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALL_CASES } from './all-cases.js';
import { deviationOf } from './run-case.js';
import { sluiceUnderTest } from './sluice-under-test.js';

describe('MQTT 3.1.1', () => {
  let started: Awaited<ReturnType<typeof sluiceUnderTest>>;
  const directory = mkdtempSync(join(tmpdir(), 'sluice-conformance-'));

  beforeAll(async () => {
    started = await sluiceUnderTest(directory);
  });
  afterAll(async () => {
    await started.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  for (const one of ALL_CASES) {
    it(one.title, async () => {
      expect(await deviationOf(one, started.broker)).toBeUndefined();
    });
  }
});
