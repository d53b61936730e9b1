import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireServer } from '../../../harness/servers.js';
import { casesAt } from './all-cases.js';
import { titleOf } from './conformance-case.js';
import { LEVELS } from './level.js';
import { differenceOf, MOSQUITTO_DIFFERENCES } from './mosquitto-differences.js';
import { mosquittoUnderTest } from './mosquitto-under-test.js';
import { deviationOf } from './run-case.js';

describe.skipIf(!requireServer('mosquitto'))('Mosquitto', () => {
  let started: Awaited<ReturnType<typeof mosquittoUnderTest>>;
  const directory = mkdtempSync(join(tmpdir(), 'sluice-mosquitto-'));

  beforeAll(async () => {
    started = await mosquittoUnderTest(directory);
  });
  afterAll(async () => {
    await started.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  describe.each(LEVELS)('at level %i', (level) => {
    const differing = casesAt(level).filter((one) => differenceOf(one, level) !== undefined);
    const others = casesAt(level).filter((one) => !differing.includes(one));

    for (const one of others) {
      (one.waits ? it.concurrent : it)(titleOf(one, level), async () => {
        expect(await deviationOf(one, started.broker, level)).toBeUndefined();
      });
    }

    // Where nothing comes that should, the case waits for it.
    for (const one of differing) {
      it.concurrent(`${titleOf(one, level)}: differs`, async () => {
        const deviation = await deviationOf(one, started.broker, level);
        expect(deviation).toMatch(differenceOf(one, level)?.does ?? /^$/);
      });
    }
  });

  it('differs only in cases that exist', () => {
    const differing = LEVELS.flatMap((level) => casesAt(level).map((one) => differenceOf(one, level)));
    expect(MOSQUITTO_DIFFERENCES.filter((difference) => !differing.includes(difference))).toEqual([]);
  });
});
