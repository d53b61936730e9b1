import { type RunningServer, startInfluxd } from '../../../../harness/servers.js';
import { DuckdbSink } from '../../../../src/sink/duckdb/duckdb-sink.js';
import { LineEncoder } from '../../../../src/sink/influx/line.js';
import type { Point } from '../../../../src/sink/point.js';
import { duckdbPath, never } from '../opened-sink.js';

const DATABASE = 'telemetry';
const LINES_AT_ONCE = 5_000;

/** What a query is answered: the status and the body. */
export interface Answered {
  readonly status: number;
  readonly body: AnsweredBody;
}

interface AnsweredBody {
  readonly error?: string;
  readonly results?: readonly AnsweredResult[];
}

interface AnsweredResult {
  readonly error?: string;
  readonly series?: readonly {
    readonly name?: string;
    readonly tags?: Readonly<Record<string, string>>;
    readonly columns: readonly string[];
    readonly values: readonly (readonly unknown[])[];
  }[];
}

/** InfluxDB 1.6 and an embedded store with the same points. */
export class BothStores {
  readonly #influx: RunningServer;
  readonly #sink: DuckdbSink;
  readonly #remove: () => void;

  private constructor(influx: RunningServer, sink: DuckdbSink, remove: () => void) {
    this.#influx = influx;
    this.#sink = sink;
    this.#remove = remove;
  }

  static async start(points: readonly Point[]): Promise<BothStores> {
    const influx = await startInfluxd({ databases: [DATABASE] });
    const { path, remove } = duckdbPath();
    const sink = new DuckdbSink({ path, retentionMs: 0 });
    const both = new BothStores(influx, sink, remove);
    try {
      await sink.open();
      await both.#write(points);
      return both;
    } catch (thrown) {
      await both.stop();
      throw thrown;
    }
  }

  async stop(): Promise<void> {
    await this.#sink.close();
    this.#remove();
    await this.#influx.stop();
  }

  influx(query: string): Promise<Answered> {
    return askInflux(this.#influx.url, DATABASE, query);
  }

  embedded(query: string): Promise<Answered> {
    return askEmbedded(this.#sink, query);
  }

  async #write(points: readonly Point[]): Promise<void> {
    const rejected = await this.#sink.write(points, never());
    if (rejected.length > 0) throw new Error(`the embedded store rejected ${rejected.length} points`);
    const encoder = new LineEncoder();
    for (let from = 0; from < points.length; from += LINES_AT_ONCE) {
      const lines = points.slice(from, from + LINES_AT_ONCE).map((point) => String(encoder.encode(point)));
      const answer = await fetch(`${this.#influx.url}/write?db=${DATABASE}&precision=ns`, {
        method: 'POST',
        body: lines.join('\n'),
      });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    }
  }
}

export async function askInflux(url: string, database: string, query: string): Promise<Answered> {
  const answer = await fetch(`${url}/query`, {
    method: 'POST',
    body: new URLSearchParams({ db: database, q: query, epoch: 'ns' }),
  });
  return { status: answer.status, body: exact(await answer.text()) };
}

export async function askEmbedded({ reader }: DuckdbSink, query: string): Promise<Answered> {
  const { status, json } = await reader.influxql({
    query,
    epoch: 'ns',
    pretty: false,
    parameters: new Map(),
    database: DATABASE,
  });
  return { status, body: exact(json) };
}

/** Integers of 16 digits and more stay texts, where JSON.parse would round them. */
function exact(json: string): AnsweredBody {
  return JSON.parse(
    json.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
      /^-?\d{16,}$/.test(token) ? `"${token}"` : token,
    ),
  ) as AnsweredBody;
}

const TOLERANCE = 1e-9;

/** Returns how two answers differ; undefined when they are the same but for the last digits and the wording of errors. */
export function difference(influx: Answered, embedded: Answered): string | undefined {
  if (influx.status !== embedded.status) {
    return `status ${embedded.status} (${JSON.stringify(embedded.body)}), InfluxDB: ${influx.status} (${JSON.stringify(influx.body)})`;
  }
  const [theirs, ours] = [influx.body.results ?? [], embedded.body.results ?? []];
  if (theirs.length !== ours.length) return `${ours.length} results, InfluxDB: ${theirs.length}`;
  for (const [nth, one] of theirs.entries()) {
    const found = differentResult(one, ours[nth]!);
    if (found !== undefined) return found;
  }
  return undefined;
}

function differentResult(theirs: AnsweredResult, ours: AnsweredResult): string | undefined {
  if ((theirs.error === undefined) !== (ours.error === undefined)) {
    return `error ${ours.error}, InfluxDB: ${theirs.error}; rows ${JSON.stringify(ours.series)?.slice(0, 300)}, InfluxDB: ${JSON.stringify(theirs.series)?.slice(0, 300)}`;
  }
  const [a, b] = [theirs.series ?? [], ours.series ?? []];
  const heads = (all: typeof a) =>
    JSON.stringify(all.map(({ name, tags, columns }) => [name, sorted(tags), columns]));
  if (heads(a) !== heads(b)) return `series ${heads(b)}, InfluxDB: ${heads(a)}`;
  for (const [nth, { values }] of a.entries()) {
    const [rows, own] = [tied(values), tied(b[nth]!.values)];
    const head = JSON.stringify([a[nth]!.name, a[nth]!.tags]);
    for (let row = 0; row < Math.max(rows.length, own.length); row++) {
      if (!areClose(rows[row], own[row])) {
        return `${head} row ${row} of ${own.length}: ${JSON.stringify(own[row])}, InfluxDB (${rows.length}): ${JSON.stringify(rows[row])}`;
      }
    }
  }
  return undefined;
}

/** Sorts the rows of one time, whose order InfluxDB leaves open. */
function tied(values: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  const rows: (readonly unknown[])[] = [];
  let same: (readonly unknown[])[] = [];
  const flush = () => {
    rows.push(...same.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)));
    same = [];
  };
  for (const row of values) {
    if (same.length > 0 && same[0]![0] !== row[0]) flush();
    same.push(row);
  }
  flush();
  return rows;
}

function sorted(tags: Readonly<Record<string, string>> | undefined) {
  return tags === undefined ? undefined : Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
}

function areClose(a: readonly unknown[] | undefined, b: readonly unknown[] | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) return a === b;
  return a.every((cell, nth) => {
    const other = b[nth];
    if (typeof cell !== 'number' || typeof other !== 'number') return cell === other;
    return Math.abs(cell - other) <= TOLERANCE * Math.max(1, Math.abs(cell), Math.abs(other));
  });
}
