import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { casesAt } from './all-cases.js';
import { titleOf } from './conformance-case.js';
import { LEVELS, VERSION_NAMES } from './level.js';
import { deviationOf } from './run-case.js';
import { sluiceUnderTest } from './sluice-under-test.js';

/** What the sessions of MQTT 5 do not have yet. */
const AWAITED =
  /receive maximum, and everything|^a QoS 2 message is open|^(with no local|no local is)|^retain as published|^retain handling [12]|identifier of its|identifiers of|^a session keeps the options|^a session ends when its expiry/;

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
    const run = one.waits ? it.concurrent : it;
    (level === 5 && AWAITED.test(one.title) ? it.skip : run)(titleOf(one, level), async () => {
      expect(await deviationOf(one, started.broker, level)).toBeUndefined();
    });
  }
});
