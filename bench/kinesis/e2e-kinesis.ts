import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { e2e } from '../e2e/e2e.js';
import type { Store } from '../e2e/store.js';
import type { BenchOptions } from '../options.js';
import type { PartReport } from '../report/table.js';

/** MQTT to a Kinesis that answers at once, over HTTP: what a whole gateway with `--role ingest` takes and forwards. */
export function e2eKinesis(options: BenchOptions): Promise<PartReport> {
  return e2e(
    options,
    'e2e-kinesis: MQTT to Kinesis, --role ingest, a Kinesis in a process of its own that answers at once',
    instantKinesis,
  );
}

async function instantKinesis(): Promise<Store> {
  const child = fork(join(import.meta.dirname, 'kinesis-process.js'));
  const [port] = (await once(child, 'message')) as [number];
  return {
    name: 'Kinesis',
    // Not run in this role.
    sink: 'sink: { influx: { url: "http://127.0.0.1:1", database: none } }',
    gateway: {
      args: ['--role', 'ingest'],
      stream: ['mode: kinesis', `kinesis: { endpoint: "http://127.0.0.1:${port}" }`],
    },
    pid: child.pid,
    stop: async () => {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
