import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireServer } from '../../../../harness/servers.js';
import { BothStores, difference } from './both-stores.js';
import { comparedPoints } from './compared-points.js';
import { COMPARED_QUERIES } from './compared-queries.js';

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
});
