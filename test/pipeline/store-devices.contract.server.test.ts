import { afterAll, describe } from 'vitest';
import { type RunningServer, requireServer, startInfluxd } from '../../harness/servers.js';
import { SystemClock } from '../../src/lib/clock.js';
import { InfluxSink } from '../../src/sink/influx/influx-sink.js';
import { deviceStatesContract } from '../contract/device-states-contract.js';

describe.skipIf(!requireServer('influxd'))('on InfluxDB 1', () => {
  let server: RunningServer | undefined;
  afterAll(() => server?.stop());

  deviceStatesContract('InfluxDB 1.6', async () => {
    server = await startInfluxd({ databases: ['d'] });
    const sink = new InfluxSink(
      { url: server.url, version: 1, database: 'd' },
      { clock: new SystemClock(), warn: () => {} },
    );
    await sink.open();
    return sink;
  });
});
