import { describe } from 'vitest';
import { SystemClock } from '../../../src/clock.js';
import { InfluxSink } from '../../../src/sink/influx/influx-sink.js';
import { FULL_CAPABILITIES, sinkContract } from '../../contract/sink-contract.js';
import { influxReadBack } from '../../support/influx-read-back.js';
import { requireServer, startInfluxd, startVictoriaMetrics } from '../../support/servers.js';
import { victoriaReadBack } from '../../support/victoria-read-back.js';

const parts = { clock: new SystemClock(), warn: () => {} };

describe.skipIf(!requireServer('influxd'))('on InfluxDB', () => {
  for (const lanes of [1, 4]) {
    sinkContract(`InfluxSink with ${lanes} lanes on InfluxDB 1.6 by /write`, async () => {
      const server = await startInfluxd({ databases: ['contract'] });
      const sink = new InfluxSink({ url: server.url, version: 1, database: 'contract', lanes }, parts);
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
      // What it has acknowledged is in memory for a moment: SIGKILL here would test it, not the sink.
      stop: async () => {
        await sink.close();
        await server.stop();
      },
    };
  });
});
