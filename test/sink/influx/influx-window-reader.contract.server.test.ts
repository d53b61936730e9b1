import { describe } from 'vitest';
import { requireServer, startInfluxd } from '../../../harness/servers.js';
import { SystemClock } from '../../../src/lib/clock.js';
import { InfluxSink } from '../../../src/sink/influx/influx-sink.js';
import { windowReaderContract } from '../../contract/window-reader-contract.js';

describe.skipIf(!requireServer('influxd'))('with a real server', () => {
  windowReaderContract('InfluxDB 1.6', async () => {
    const server = await startInfluxd({ databases: ['d'] });
    const sink = new InfluxSink(
      { url: server.url, version: 1, database: 'd' },
      { clock: new SystemClock(), warn: () => {} },
    );
    await sink.open();
    return {
      sink,
      stop: async () => {
        await sink.close();
        await server.stop();
      },
    };
  });
});
