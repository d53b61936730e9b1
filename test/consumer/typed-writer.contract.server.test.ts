import { describe } from 'vitest';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import { SystemClock } from '../../src/lib/clock.js';
import { InfluxSink } from '../../src/sink/influx/influx-sink.js';
import { typePolicyContract } from '../contract/type-policy-contract.js';
import { influxQuery, influxReadBack } from '../support/influx-read-back.js';

describe.skipIf(!requireServer('influxd'))('with a real server', () => {
  for (const concurrency of [1, 4]) {
    typePolicyContract(`InfluxDB 1.6 with a concurrency of ${concurrency}`, async () => {
      const server = await startInfluxd({ databases: ['types'] });
      const sink = new InfluxSink(
        { url: server.url, version: 1, database: 'types', concurrency },
        { clock: new SystemClock(), warn: () => undefined },
      );
      await sink.open();
      return {
        sink,
        concurrency,
        readBack: (measurement) => influxReadBack(server.url, 'types', measurement),
        // InfluxDB cannot drop a field: its measurement goes.
        dropField: async (measurement) => {
          await influxQuery(server.url, 'types', `DROP MEASUREMENT "${measurement}"`);
        },
        stop: async () => {
          await sink.close();
          await server.stop();
        },
      };
    });
  }
});
