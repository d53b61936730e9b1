import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { StoreQuery, StoreQueryAnswer } from '../sink/store-query.js';

export interface QueryDeps {
  /** Answers a query until `signal` aborts; rejects with the reason why it cannot. */
  readonly query: (query: StoreQuery, signal: AbortSignal) => Promise<StoreQueryAnswer>;
  /** The bytes that are written of the query that runs. */
  readonly queryProgress: () => Promise<number | undefined>;
}

/** A line of an answer: how far it is, or that it is complete. */
export type QueryProgress = { readonly writtenBytes: number } | { readonly answer: StoreQueryAnswer };

const PROGRESS_EVERY_MS = 500;
/** A command that does not open the file of its answer is not waited for. */
const OPENED_WITHIN_MS = 60_000;

/** Answers a query with the path of a file, which is removed when the command disconnects: it has opened it by then. */
export async function serveQuery(connection: Socket, query: StoreQuery, deps: QueryDeps): Promise<void> {
  const closed = new AbortController();
  connection.once('close', () => closed.abort());
  // What the command sends from now on means nothing, but its end must be noticed.
  connection.resume();
  connection.once('end', () => connection.destroy());
  if (connection.destroyed) return;
  const progress = setInterval(() => void sendProgress(connection, deps), PROGRESS_EVERY_MS);
  let answer: StoreQueryAnswer;
  try {
    answer = await deps.query(query, closed.signal);
  } finally {
    clearInterval(progress);
  }
  try {
    connection.write(line({ answer }));
    const late = setTimeout(() => connection.destroy(), OPENED_WITHIN_MS);
    if (!connection.destroyed) await once(connection, 'close');
    clearTimeout(late);
  } finally {
    await rm(answer.path, { force: true });
  }
}

async function sendProgress(connection: Socket, { queryProgress }: QueryDeps): Promise<void> {
  // The query itself gets the failure of a consumer that has ended.
  const writtenBytes = await queryProgress().catch(() => undefined);
  if (!connection.destroyed && connection.writableLength === 0) {
    connection.write(line({ writtenBytes: writtenBytes ?? 0 }));
  }
}

function line(query: QueryProgress): string {
  return `${JSON.stringify({ query })}\n`;
}
