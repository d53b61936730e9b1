import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, SluiceError } from '../../lib/errors.js';
import { nearestName } from '../../lib/nearest-name.js';
import { quoted as inQuotes, oneLine } from '../../lib/printable.js';
import { SerialQueue } from '../../lib/serial-queue.js';
import {
  MAX_QUERY_CHARACTERS,
  type QueryCounts,
  type QueryOutcome,
  type QueryText,
  type StoreQueries,
  type StoreQuery,
  type StoreQueryAnswer,
} from '../store-query.js';
import { answerSql, asTable, distinctColumns } from './answer-sql.js';
import { checkQuery, refused, type SerializedSql } from './check-query.js';
import { answersFolder, type DuckdbDatabase } from './duckdb-database.js';
import { literal, quoted } from './identifiers.js';
import { InterruptibleRead } from './interruptible-read.js';
import { SCHEMA } from './measurement-table.js';
import { instant } from './stored-measurement.js';

/** How often the size of the answer is looked at. */
const SIZE_EVERY_MS = 50;

/** An answer takes at most this part of what is free on the disk: the log has to have room. */
const FREE_DIVISOR = 2;

interface Running {
  readonly read: InterruptibleRead;
  readonly path: string;
}

/**
 * Answers queries of users, one at a time, on a connection of its own. The answer is written into a file by DuckDB itself:
 * so the thread of the writer does not work for it, and nothing is open in the store while a client reads.
 */
export class DuckdbQueries implements StoreQueries {
  readonly #database: () => DuckdbDatabase | undefined;
  readonly #folder: string;
  readonly #queue = new SerialQueue();
  readonly #counts = { answered: 0, refused: 0, busy: 0, limited: 0, ended: 0 };
  #isBusy = false;
  #running: Running | undefined;

  constructor(database: () => DuckdbDatabase | undefined, path: string) {
    this.#database = database;
    this.#folder = answersFolder(path);
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Removes what an earlier process has left. What cannot be removed only takes space. */
  removeAnswers(): void {
    try {
      rmSync(this.#folder, { recursive: true, force: true });
    } catch {
      // Queries that cannot be answered for it say so.
    }
  }

  async answer(query: StoreQuery, signal: AbortSignal): Promise<StoreQueryAnswer> {
    try {
      if (this.#isBusy) {
        throw new SluiceError(
          'TOO_MANY_QUERIES',
          'The store answers another query; it answers one at a time. Try again.',
        );
      }
      this.#isBusy = true;
      try {
        const answer = await this.#queue.run(() => this.#answer(query, signal));
        this.#counts.answered += 1;
        return answer;
      } finally {
        this.#isBusy = false;
      }
    } catch (thrown) {
      this.#counts[outcomeOf(thrown)] += 1;
      throw thrown;
    }
  }

  writtenBytes(): number | undefined {
    return this.#running && sizeOf(this.#running.path);
  }

  counts(): QueryCounts {
    return { ...this.#counts };
  }

  /** See `ReadQueue.stop`. */
  async stop(): Promise<void> {
    this.#running?.read.end('the file is being closed; try again');
    await this.#queue.idle();
  }

  /** Until the read can be ended there is no `await`: `stop` would not find it. */
  async #answer(query: StoreQuery, signal: AbortSignal): Promise<StoreQueryAnswer> {
    const database = this.#database();
    if (database === undefined) throw new SluiceError('SINK_QUERY_FAILED', 'The DuckDB file is not open.');
    const path = join(this.#folder, `${randomUUID()}.${query.format}`);
    const maxBytes = Math.min(query.maxBytes, this.#freeBytes() / FREE_DIVISOR);
    const read = new InterruptibleRead(database.queries);
    const onAbort = () => read.end('the caller stopped the query');
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    const sizes = setInterval(() => {
      if (sizeOf(path) > maxBytes) read.end(tooLarge(maxBytes));
    }, SIZE_EVERY_MS);
    this.#running = { read, path };
    database.yielding.add(read);
    try {
      return await database.reads.shared(() =>
        database.memoryWatch.around(read, () =>
          read.run(() => writeAnswer(read, query, path), query.timeoutMs, tooLong(query.timeoutMs)),
        ),
      );
    } catch (thrown) {
      await rm(path, { force: true });
      throw thrown;
    } finally {
      this.#running = undefined;
      database.yielding.delete(read);
      clearInterval(sizes);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #freeBytes(): number {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const { bavail, bsize } = statfsSync(this.#folder);
      return bavail * bsize;
    } catch (cause) {
      throw new SluiceError('SINK_QUERY_FAILED', 'The folder for answers cannot be used; the log says why.', {
        cause,
      });
    }
  }
}

function writeAnswer(read: InterruptibleRead, query: StoreQuery, path: string): Promise<StoreQueryAnswer> {
  return read.snapshot(async () => {
    const sql = await textOf(read, query.of);
    const columns = distinctColumns(await explained(read, () => read.columns(`FROM ${asTable(sql)}`)));
    const statement = answerSql(sql, columns, { ...query, path });
    const [row] = await explained(read, () => read.rows(statement));
    const rows = Number(row?.[0]);
    return { path, bytes: sizeOf(path), rows, columns, isLimitReached: rows >= query.maxRows };
  });
}

/** The statement of a query, which only reads. */
async function textOf(read: InterruptibleRead, of: QueryText): Promise<string> {
  if ('measurement' in of) return measurementSql(read, of);
  const { sql } = of;
  if (sql.length > MAX_QUERY_CHARACTERS)
    throw refused(`found ${sql.length} characters; expected at most ${MAX_QUERY_CHARACTERS}`);
  if (sql.includes('\0')) throw refused('found the character NUL');
  if (sql.trim() === '') throw refused('found no statement; expected one SELECT');
  const serialized = await read.rows(`SELECT json_serialize_sql(${literal(sql)}::VARCHAR)`);
  const views = await read.rows(
    `SELECT view_name, internal FROM duckdb_views() WHERE schema_name = 'main' OR internal
     UNION ALL SELECT table_name, false FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY 1`,
  );
  const named = (ofDuckdb: boolean) =>
    views.filter(([, internal]) => internal === ofDuckdb).map(([name]) => String(name));
  const tree = JSON.parse(String(serialized[0]?.[0])) as SerializedSql;
  checkQuery(sql, tree, { stored: named(false), internal: named(true) });
  return sql;
}

async function measurementSql(
  read: InterruptibleRead,
  { measurement, fromMs, toMs }: Extract<QueryText, { measurement: string }>,
): Promise<string> {
  const stored = await read.rows(`SELECT name, view_name FROM ${SCHEMA}.measurements ORDER BY name`);
  const names = stored.map(([name]) => String(name));
  const view = stored.find(([name]) => name === measurement)?.[1];
  if (view === undefined) {
    const near = nearestName(measurement, names);
    const all = names.slice(0, MAX_SHOWN_NAMES).map(inQuotes).join(', ');
    const advice = near === undefined ? `there are ${all || 'none yet'}` : `did you mean ${inQuotes(near)}?`;
    throw new SluiceError('QUERY_INVALID', `No measurement ${inQuotes(measurement)} is stored: ${advice}`);
  }
  const conditions = [
    ...(fromMs === undefined ? [] : [`"time" >= ${instant(fromMs)}`]),
    ...(toMs === undefined ? [] : [`"time" < ${instant(toMs)}`]),
  ];
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return `SELECT * FROM main.${quoted(String(view))}${where}`;
}

const MAX_SHOWN_NAMES = 10;

/** Runs a part of the user's query: what DuckDB says of it is for the user. */
async function explained<T>(read: InterruptibleRead, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (read.isEnded || thrown instanceof SluiceError) throw thrown;
    const text = errorText(thrown);
    if (/^Out of Memory Error/.test(text)) throw outOfMemory(thrown);
    if (/^(IO|Internal|FATAL|INTERRUPT|TransactionContext)\b/i.test(text)) throw thrown;
    throw new SluiceError('QUERY_INVALID', `DuckDB refuses the query: ${oneLine(withoutQuotation(text))}`, {
      cause: thrown,
    });
  }
}

/** DuckDB shows the line of the statement that we have made around the query, which says nothing to its author. */
function withoutQuotation(text: string): string {
  return text.replace(/\n+LINE \d+:[\s\S]*$/, '');
}

function outOfMemory(cause: unknown): SluiceError {
  return new SluiceError(
    'QUERY_LIMIT_REACHED',
    'the query needs more memory than there is: ask for fewer rows or groups, or raise sink.duckdb.memoryLimit',
    { cause },
  );
}

function tooLong(ms: number): SluiceError {
  return new SluiceError(
    'QUERY_LIMIT_REACHED',
    `the query took longer than ${ms / 1_000} s: ask for less, or for a shorter time`,
  );
}

function tooLarge(bytes: number): SluiceError {
  return new SluiceError(
    'QUERY_LIMIT_REACHED',
    `the answer is larger than ${Math.floor(bytes / 2 ** 20)} MiB, the limit or half of what is free on the disk: ask for less`,
  );
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function outcomeOf(thrown: unknown): QueryOutcome {
  const code = thrown instanceof SluiceError ? thrown.code : undefined;
  if (code === 'TOO_MANY_QUERIES') return 'busy';
  if (code === 'QUERY_INVALID') return 'refused';
  return code === 'QUERY_LIMIT_REACHED' ? 'limited' : 'ended';
}
