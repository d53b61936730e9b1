import type { Socket } from 'node:net';
import { type ErrorCode, errorText, SluiceError } from '../lib/errors.js';
import { REPLAY_KINDS, type ReplayKind, type ReplayStatus } from './replay-status.js';
import { type ParkedSelection, readSelection } from './selection.js';

/**
 * What a command asks of the gateway that holds its data directory, over the socket of the lock: one line of JSON. The
 * gateway answers with lines of JSON until the job is done.
 */
export interface CommandRequest {
  readonly kind: ReplayKind;
  readonly selection: ParkedSelection;
  readonly dryRun: boolean;
}

/** The last line has `refused`, or a status whose state is not `running`. */
export type CommandAnswer =
  | { readonly status: ReplayStatus }
  | { readonly refused: { readonly code: ErrorCode; readonly message: string } };

export interface CommandDeps {
  /** Begins a job; rejects with the reason why it cannot. */
  readonly start: (request: CommandRequest) => Promise<ReplayStatus>;
  /** The status of the last job. */
  readonly status: () => ReplayStatus | undefined;
}

/** The limit for a request: it has room for as many ids as a selection may have. */
export const MAX_REQUEST_BYTES = 1024 * 1024;

const STATUS_INTERVAL_MS = 200;
/** For connections without a request, such as one that only checks whether the lock is held. */
const REQUEST_WITHIN_MS = 10_000;
const END_WITHIN_MS = 10_000;

/** Answers one connection to the lock. A job goes on when its command disconnects. */
export function serveCommands(connection: Socket, deps: CommandDeps): void {
  connection.unref();
  connection.on('error', () => connection.destroy());
  const requestTimer = setTimeout(() => connection.destroy(), REQUEST_WITHIN_MS).unref();
  connection.once('close', () => clearTimeout(requestTimer));
  const chunks: Buffer[] = [];
  let bytes = 0;
  const read = (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    const end = chunk.indexOf('\n');
    if (end < 0 && bytes <= MAX_REQUEST_BYTES) return;
    connection.off('data', read);
    clearTimeout(requestTimer);
    const all = Buffer.concat(chunks);
    const line = end < 0 ? undefined : all.subarray(0, all.indexOf('\n')).toString('utf8');
    void answer(connection, line, deps);
  };
  connection.on('data', read);
}

/** `line` is absent when it is too long. */
async function answer(
  connection: Socket,
  line: string | undefined,
  { start, status }: CommandDeps,
): Promise<void> {
  const send = (one: CommandAnswer) => connection.write(`${JSON.stringify(one)}\n`);
  try {
    if (line === undefined)
      throw new SluiceError('USAGE_INVALID', `the request is over ${MAX_REQUEST_BYTES} bytes`);
    const request = readCommandRequest(line);
    if (typeof request === 'string') throw new SluiceError('USAGE_INVALID', request);
    const first = await start(request);
    send({ status: first });
    const { startedAtMs } = first;
    const statusTimer = setInterval(() => {
      const now = status();
      // The answer to `start` can arrive before the first report that has the job.
      if (now === undefined || now.startedAtMs < startedAtMs) return;
      const isOver = now.state !== 'running' || now.startedAtMs > startedAtMs;
      // A command that does not read skips a status and gets a later one.
      if (now.startedAtMs === startedAtMs && (isOver || connection.writableLength === 0))
        send({ status: now });
      if (!isOver) return;
      clearInterval(statusTimer);
      end(connection);
    }, STATUS_INTERVAL_MS).unref();
    connection.once('close', () => clearInterval(statusTimer));
  } catch (thrown) {
    const code = thrown instanceof SluiceError ? thrown.code : 'WORKER_FAILED';
    send({ refused: { code, message: errorText(thrown) } });
    end(connection);
  }
}

/** The request in a line, or what is wrong with it. */
export function readCommandRequest(line: string): CommandRequest | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return 'the request is not JSON';
  }
  const { kind, selection, dryRun } = (json ?? {}) as Record<string, unknown>;
  const known = REPLAY_KINDS.find((one) => one === kind);
  if (known === undefined) return `the request: expected kind ${REPLAY_KINDS.join(' or ')}`;
  const read = readSelection(selection);
  if (typeof read === 'string') return read;
  return { kind: known, selection: read, dryRun: dryRun === true };
}

/** Ends the connection, after a while also without the other side: it may neither read nor disconnect. */
function end(connection: Socket): void {
  connection.end();
  const endTimer = setTimeout(() => connection.destroy(), END_WITHIN_MS).unref();
  connection.once('close', () => clearTimeout(endTimer));
}
