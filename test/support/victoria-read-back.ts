import type { StoredRow } from '../contract/sink-contract.js';

interface ExportedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly number[];
  readonly timestamps: readonly number[];
}

const NS_PER_MS = 1_000_000n;

/**
 * All points of a measurement, put together from one time series a field (`measurement_field`). The time series
 * of `database` carry its label `db`, which belongs to no point.
 */
export async function victoriaReadBack(url: string, measurement: string): Promise<StoredRow[]> {
  const rows = new Map<
    string,
    { tags: Record<string, string>; fields: Record<string, number>; timestampNs: bigint }
  >();
  const prefix = `${measurement}_`;
  for (const { metric, values, timestamps } of await victoriaExport(url)) {
    const { __name__: name = '', db: _, ...tags } = metric;
    if (!name.startsWith(prefix)) continue;
    const field = name.slice(prefix.length);
    timestamps.forEach((timestampMs, i) => {
      const key = JSON.stringify([Object.entries(tags).sort(), timestampMs]);
      const row = rows.get(key) ?? { tags, fields: {}, timestampNs: BigInt(timestampMs) * NS_PER_MS };
      row.fields[field] = values[i] ?? Number.NaN;
      rows.set(key, row);
    });
  }
  return [...rows.values()];
}

/** Every sample of every time series, once what was written is visible. */
export async function victoriaExport(url: string): Promise<readonly ExportedSeries[]> {
  await (await fetch(`${url}/internal/force_flush`)).arrayBuffer();
  const answer = await fetch(`${url}/api/v1/export`, {
    method: 'POST',
    body: new URLSearchParams({ 'match[]': '{__name__!=""}', start: '0' }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`/api/v1/export: ${answer.status} ${text}`);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ExportedSeries);
}
