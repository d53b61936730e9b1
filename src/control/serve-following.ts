import { once } from 'node:events';
import type { Socket } from 'node:net';
import { pause } from '../lib/timers.js';
import type { FollowedRecords } from '../rules/followed-record.js';

/** The records of a filter, as they are mapped. */
export interface Following {
  /** Resolves with what has come since the last call, after a second at the latest. Rejects when the consumer fails. */
  next(): Promise<FollowedRecords>;
  end(): void;
}

/** Records that come one by one are sent together. */
const GATHER_MS = 50;

/** Sends followed records until the command disconnects or the consumer ends. A command that reads slowly gets fewer of them. */
export async function serveFollowing(connection: Socket, following: Following): Promise<void> {
  const isClosed = () => connection.destroyed;
  // What the command sends from now on means nothing, but its end must be noticed.
  connection.resume();
  connection.once('end', () => connection.destroy());
  try {
    // At once, so that the command knows from when on it follows.
    connection.write(followedLine({ records: [], skipped: 0 }));
    while (!isClosed()) {
      const followed = await following.next();
      if (isClosed()) return;
      if (!connection.write(followedLine(followed))) await drained(connection);
      if (followed.isEnded === true) return;
      await pause(GATHER_MS);
    }
  } finally {
    following.end();
  }
}

/** The records are JSON already. */
function followedLine({ records, skipped }: FollowedRecords): string {
  return `{"followed":{"skipped":${skipped},"records":[${records.join(',')}]}}\n`;
}

/** Also resolves when the connection is closed. */
async function drained(connection: Socket): Promise<void> {
  const closed = new AbortController();
  connection.once('close', () => closed.abort());
  if (connection.destroyed) return;
  await once(connection, 'drain', { signal: closed.signal }).catch(() => undefined);
}
