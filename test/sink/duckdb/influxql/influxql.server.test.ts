import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireServer } from '../../../../harness/servers.js';
import { BothStores, difference } from './both-stores.js';
import { comparedPoints } from './compared-points.js';
import { COMPARED_QUERIES } from './compared-queries.js';
import { RandomQueries } from './random-queries.js';

const RANDOM_QUERIES = process.env.SLUICE_SOAK === 'full' ? 5_000 : 500;

describe.skipIf(!requireServer('influxd'))('beside InfluxDB 1.6, with the same points', () => {
  let stores: BothStores;

  beforeAll(async () => {
    stores = await BothStores.start(comparedPoints());
  });

  afterAll(() => stores?.stop());

  it(`answers ${COMPARED_QUERIES.length} queries alike`, async () => {
    const different: string[] = [];
    for (const query of COMPARED_QUERIES) {
      const found = difference(await stores.influx(query), await stores.embedded(query));
      if (found !== undefined) different.push(`${query}\n    ${found}`);
    }
    expect(different).toEqual([]);
  });

  it(`answers ${RANDOM_QUERIES} random queries alike`, { timeout: 600_000 }, async () => {
    const seed = Number(process.env.SLUICE_SEED ?? 1);
    const queries = new RandomQueries(seed);
    const different: string[] = [];
    let withRows = 0;
    for (let nth = 0; nth < RANDOM_QUERIES; nth++) {
      const query = queries.next();
      const theirs = await stores.influx(query);
      if (JSON.stringify(theirs.body).includes('"values"')) withRows += 1;
      const found = difference(theirs, await stores.embedded(query));
      if (found !== undefined) different.push(`${query}\n    ${found}`);
    }
    expect(different, `seed ${seed}`).toEqual([]);
    expect(withRows).toBeGreaterThan(RANDOM_QUERIES / 2);
  });
});
