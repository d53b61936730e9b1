import { describe } from 'vitest';
import { requireServer, startInfluxd, startVictoriaMetrics } from '../../../harness/servers.js';
import { SystemClock } from '../../../src/lib/clock.js';
import { InfluxSink } from '../../../src/sink/influx/influx-sink.js';
import { FULL_CAPABILITIES, sinkContract } from '../../contract/sink-contract.js';
import { influxReadBack } from '../../support/influx-read-back.js';
import { victoriaReadBack } from '../../support/victoria-read-back.js';

const parts = { clock: new SystemClock(), warn: () => {} };

describe.skipIf(!requireServer('influxd'))('on InfluxDB', () => {
  for (const concurrency of [1, 4]) {
    sinkContract(`InfluxSink with a concurrency of ${concurrency} on InfluxDB 1.6 by /write`, async () => {
      const server = await startInfluxd({ databases: ['contract'] });
      const sink = new InfluxSink({ url: server.url, version: 1, database: 'contract', concurrency }, parts);
      await sink.open();
      return {
        sink,
        capabilities: FULL_CAPABILITIES,
        readBack: (measurement) => influxReadBack(server.url, 'contract', measurement),
        conflictWords: /field type conflict.*already exists as type float/,
        outage: { begin: () => server.kill(), end: () => server.restart() },
        stop: async () => {
          await sink.close();
          await server.stop();
        },
      };
    });
  }
});

describe.skipIf(!requireServer('victoria-metrics'))('on VictoriaMetrics', () => {
  sinkContract('InfluxSink on VictoriaMetrics by /api/v2/write', async () => {
    const server = await startVictoriaMetrics();
    const sink = new InfluxSink({ url: server.url, version: 2, org: 'iot', bucket: 'contract' }, parts);
    await sink.open();
    return {
      sink,
      capabilities: {
        strings: false,
        types: false,
        typeConflicts: false,
        overwrites: false,
        resolutionNs: 1_000_000n,
        query: false,
      },
      readBack: (measurement) => victoriaReadBack(server.url, measurement),
      // VictoriaMetrics keeps acknowledged points in memory for a moment: SIGKILL would test it and not the sink.
      stop: async () => {
        await sink.close();
        await server.stop();
      },
    };
  });
});
