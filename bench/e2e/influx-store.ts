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
    sum: async (_gateway, measurement, field) =>
      (await numbersOf(server.url, `SELECT sum("${field}") FROM "${measurement}"`)).get('sum') ?? 0,
    stop: () => server.stop(),
  };
}

/** Every field of every point must be there. */
async function countPoints(url: string): Promise<number> {
  const row = await numbersOf(url, `SELECT count(*) FROM "${MEASUREMENT}"`);
  const counts = [...row].flatMap(([column, count]) => (column.startsWith('count_') ? [count] : []));
  if (new Set(counts).size > 1) throw new Error(`the fields have different counts: ${counts.join(', ')}`);
  return counts[0] ?? 0;
}

/** The first row of the answer, by column; empty without one. */
async function numbersOf(url: string, query: string): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`${url}/query?db=${DATABASE}&q=${encodeURIComponent(query)}`);
  const body = (await answer.json()) as {
    results: { series?: { columns: string[]; values: number[][] }[] }[];
  };
  const series = body.results[0]?.series?.[0];
  return new Map(series?.columns.map((column, at) => [column, series.values[0]![at]!]));
}
