import type { Socket } from 'node:net';
import type { SettlingStatus } from '../dead-letter/settling-status.js';
import { errorText, SluiceError } from '../errors.js';
import {
  type ControlAnswer,
  type ControlRequest,
  MAX_REQUEST_BYTES,
  readControlRequest,
} from './control-protocol.js';

export interface ControlDeps {
  /** Begins a job; rejects with why it cannot. */
  readonly start: (request: ControlRequest) => Promise<SettlingStatus>;
  /** Of the last job. */
  readonly status: () => SettlingStatus | undefined;
}

const STATUS_INTERVAL_MS = 200;
/** Who connects and asks nothing, such as one that only looks whether the lock is held. */
const REQUEST_WITHIN_MS = 10_000;
const END_WITHIN_MS = 10_000;

/** Answers one connection to the lock. A job goes on when the one who asked for it leaves. */
export function serveControl(connection: Socket, deps: ControlDeps): void {
  connection.unref();
  connection.on('error', () => connection.destroy());
  const tooLate = setTimeout(() => connection.destroy(), REQUEST_WITHIN_MS).unref();
  connection.once('close', () => clearTimeout(tooLate));
  const chunks: Buffer[] = [];
  let bytes = 0;
  const read = (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    const end = chunk.indexOf('\n');
    if (end < 0 && bytes <= MAX_REQUEST_BYTES) return;
    connection.off('data', read);
    clearTimeout(tooLate);
    const all = Buffer.concat(chunks);
    const line = end < 0 ? undefined : all.subarray(0, all.indexOf('\n')).toString('utf8');
    void answer(connection, line, deps);
  };
  connection.on('data', read);
}

/** `line`: absent when it is too long. */
async function answer(
  connection: Socket,
  line: string | undefined,
  { start, status }: ControlDeps,
): Promise<void> {
  const tell = (one: ControlAnswer) => connection.write(`${JSON.stringify(one)}\n`);
  try {
    if (line === undefined)
      throw new SluiceError('USAGE_INVALID', `the request is over ${MAX_REQUEST_BYTES} bytes`);
    const request = readControlRequest(line);
    if (typeof request === 'string') throw new SluiceError('USAGE_INVALID', request);
    const begun = await start(request);
    tell({ status: begun });
    const { startedAtMs } = begun;
    const telling = setInterval(() => {
      const now = status();
      // The answer to `start` can come before the first report that knows of the job.
      if (now === undefined || now.startedAtMs < startedAtMs) return;
      const isOver = now.state !== 'running' || now.startedAtMs > startedAtMs;
      // Who does not read gets the next one.
      if (now.startedAtMs === startedAtMs && (isOver || connection.writableLength === 0))
        tell({ status: now });
      if (!isOver) return;
      clearInterval(telling);
      end(connection);
    }, STATUS_INTERVAL_MS).unref();
    connection.once('close', () => clearInterval(telling));
  } catch (thrown) {
    const code = thrown instanceof SluiceError ? thrown.code : 'WORKER_FAILED';
    tell({ refused: { code, message: errorText(thrown) } });
    end(connection);
  }
}

/** Who neither reads nor leaves is not waited for. */
function end(connection: Socket): void {
  connection.end();
  const tooLate = setTimeout(() => connection.destroy(), END_WITHIN_MS).unref();
  connection.once('close', () => clearTimeout(tooLate));
}
