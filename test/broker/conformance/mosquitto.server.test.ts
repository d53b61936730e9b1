import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireServer } from '../../../harness/servers.js';
import { ALL_CASES } from './all-cases.js';
import { MOSQUITTO_DIFFERENCES } from './mosquitto-differences.js';
import { mosquittoUnderTest } from './mosquitto-under-test.js';
import { deviationOf } from './run-case.js';

describe.skipIf(!requireServer('mosquitto'))('MQTT 3.1.1 at Mosquitto', () => {
  let started: Awaited<ReturnType<typeof mosquittoUnderTest>>;
  const directory = mkdtempSync(join(tmpdir(), 'sluice-mosquitto-'));

  beforeAll(async () => {
    started = await mosquittoUnderTest(directory);
  });
  afterAll(async () => {
    await started.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  for (const one of ALL_CASES) {
    const difference = MOSQUITTO_DIFFERENCES.find(({ titles }) => titles.test(one.title));
    it(`${one.title}${difference === undefined ? '' : ': differs'}`, async () => {
      const deviation = await deviationOf(one, started.broker);
      if (difference === undefined) expect(deviation).toBeUndefined();
      else expect(deviation).toMatch(difference.does);
    });
  }

  it('differs only in cases that exist', () => {
    const unused = MOSQUITTO_DIFFERENCES.filter(
      ({ titles }) => !ALL_CASES.some(({ title }) => titles.test(title)),
    );
    expect(unused).toEqual([]);
  });
});
