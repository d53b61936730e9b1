import { createDatabase, startInfluxd } from '../../harness/servers.js';
import { MEASUREMENT } from '../processes/city-reading.js';
import type { Store } from './store.js';

const DATABASE = 'bench';

/** The installed influxd on a free port and directories of its own. */
export async function startInfluxStore(): Promise<Store> {
  const server = await startInfluxd();
  try {
    await createDatabase(server.url, DATABASE);
  } catch (thrown) {
    await server.stop();
    throw thrown;
  }
  return {
    name: 'InfluxDB',
    sink: `sink: { influx: { url: "${server.url}", database: ${DATABASE} } }`,
    pid: server.pid,
    count: () => countPoints(server.url),
    stop: () => server.stop(),
  };
}

/** Both fields of every point must be there. */
async function countPoints(url: string): Promise<number> {
  const query = `SELECT count(*) FROM "${MEASUREMENT}"`;
  const answer = await fetch(`${url}/query?db=${DATABASE}&q=${encodeURIComponent(query)}`);
  const body = (await answer.json()) as {
    results: { series?: { columns: string[]; values: number[][] }[] }[];
  };
  const series = body.results[0]?.series?.[0];
  if (series === undefined) return 0;
  const counts = series.columns.flatMap((column, i) =>
    column.startsWith('count_') ? [series.values[0]![i]!] : [],
  );
  if (new Set(counts).size !== 1) throw new Error(`the fields have different counts: ${counts.join(', ')}`);
  return counts[0]!;
}
