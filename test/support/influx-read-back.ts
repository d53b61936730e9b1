import type { StoredRow, StoredValue } from '../contract/sink-contract.js';

interface ReadSeries {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

/** Runs one InfluxQL statement; integers of 16 digits and more come as text, as JSON.parse would round them. */
export async function influxQuery(url: string, database: string, q: string): Promise<readonly ReadSeries[]> {
  const answer = await fetch(`${url}/query`, {
    method: 'POST',
    body: new URLSearchParams({ db: database, epoch: 'ns', q }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${q}: ${answer.status} ${text}`);
  const [result] = (JSON.parse(quoteLongIntegers(text)) as { results: readonly ResultOf[] }).results;
  if (result?.error !== undefined) throw new Error(`${q}: ${result.error}`);
  return result?.series ?? [];
}

interface ResultOf {
  readonly error?: string;
  readonly series?: readonly ReadSeries[];
}

/** All points of a measurement with the types that the store says its fields have. */
export async function influxReadBack(
  url: string,
  database: string,
  measurement: string,
): Promise<StoredRow[]> {
  const name = `"${measurement.replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`;
  const [fieldKeys] = await influxQuery(url, database, `SHOW FIELD KEYS FROM ${name}`);
  const types = new Map((fieldKeys?.values ?? []).map(([field, type]) => [String(field), String(type)]));
  const found = await influxQuery(url, database, `SELECT * FROM ${name} GROUP BY *`);
  return found.flatMap(({ tags = {}, columns, values }) =>
    values.map((row) => rowOf(tags, columns, row, types)),
  );
}

/** Number of values of a field: what "none missing, none extra" counts. */
export async function influxCount(
  url: string,
  database: string,
  measurement: string,
  field: string,
): Promise<number> {
  const [found] = await influxQuery(url, database, `SELECT count("${field}") FROM "${measurement}"`);
  return Number(found?.values[0]?.[1] ?? 0);
}

function rowOf(
  tags: Readonly<Record<string, string>>,
  columns: readonly string[],
  row: readonly unknown[],
  types: ReadonlyMap<string, string>,
): StoredRow {
  const fields: Record<string, StoredValue> = {};
  columns.forEach((column, i) => {
    const value = row[i];
    if (column === 'time' || value === null || value === undefined) return;
    fields[column] = storedValue(value, types.get(column));
  });
  // GROUP BY * names every tag of the measurement; '' is a tag the series lacks.
  const present = Object.entries(tags).filter(([, value]) => value !== '');
  return { tags: Object.fromEntries(present), fields, timestampNs: BigInt(String(row[0])) };
}

function storedValue(value: unknown, type: string | undefined): StoredValue {
  if (type === 'integer') return BigInt(String(value));
  if (type === 'float') return Number(value);
  return typeof value === 'boolean' ? value : String(value);
}

function quoteLongIntegers(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    /^-?\d{16,}$/.test(token) ? `"${token}"` : token,
  );
}
