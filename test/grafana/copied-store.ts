import { DuckdbSink } from '../../src/sink/duckdb/duckdb-sink.js';
import { duckdbPath, never } from '../sink/duckdb/opened-sink.js';
import { influxQuery, influxReadBack } from '../support/influx-read-back.js';
import { pointOf, seriesOf } from '../support/points.js';

/** An embedded store with the points that InfluxDB had at one time. */
export interface CopiedStore {
  readonly sink: DuckdbSink;
  stop(): Promise<void>;
}

export async function copyStore(url: string, database: string): Promise<CopiedStore> {
  const { path, remove } = duckdbPath();
  const sink = new DuckdbSink({ path, retentionMs: 0 });
  const stop = async () => {
    await sink.close();
    remove();
  };
  try {
    await sink.open();
    const [names] = await influxQuery(url, database, 'SHOW MEASUREMENTS');
    for (const [name] of names?.values ?? []) {
      const rows = await influxReadBack(url, database, String(name));
      const points = rows.map(({ tags, fields, timestampNs }) =>
        pointOf(seriesOf(String(name), tags), timestampNs, fields),
      );
      const rejected = await sink.write(points, never());
      if (rejected.length > 0)
        throw new Error(`${name}: ${rejected.length} points rejected: ${rejected[0]?.reason}`);
    }
    return { sink, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}
