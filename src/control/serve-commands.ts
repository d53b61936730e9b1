import type { Socket } from 'node:net';
import type { Audit } from '../lib/audit.js';
import { errorText, SluiceError } from '../lib/errors.js';
import type { ReplayStatus } from '../replay/replay-status.js';
import type { WindowsReport } from '../windows/windows-report.js';
import { auditCommands, type ChangingCommands, claimedUser } from './audit-commands.js';
import {
  type AnswerLine,
  type GatewayDescription,
  MAX_REQUEST_BYTES,
  type ReplayCommand,
  readCommandRequest,
} from './command-protocol.js';
import { type Following, serveFollowing } from './serve-following.js';
import { type QueryDeps, serveQuery } from './serve-query.js';

export interface CommandDeps extends QueryDeps, ChangingCommands {
  /** Takes a line for each change. */
  readonly audit: Audit;
  /** The status of the last job. */
  readonly status: () => ReplayStatus | undefined;
  readonly describe: () => GatewayDescription;
  /** Reports what the windows are at; rejects where none are computed. */
  readonly listWindows: () => Promise<WindowsReport>;
  /** Begins to follow the records of a topic filter; rejects with the reason why that is not possible here. */
  readonly follow: (filter: string, withPayloads: boolean) => Promise<Following>;
}

const STATUS_INTERVAL_MS = 200;
/** For connections without a request, such as one that only checks whether the lock is held. */
const REQUEST_WITHIN_MS = 10_000;
const END_WITHIN_MS = 10_000;

/** Answers one connection to the lock. What was asked for goes on when its command disconnects. */
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
async function answer(connection: Socket, line: string | undefined, given: CommandDeps): Promise<void> {
  const deps = { ...given, ...auditCommands(given, given.audit, claimedUser(line ?? '')) };
  try {
    if (line === undefined)
      throw new SluiceError('USAGE_INVALID', `the request is over ${MAX_REQUEST_BYTES} bytes`);
    const request = readCommandRequest(line);
    if (typeof request === 'string') throw new SluiceError('USAGE_INVALID', request);
    switch (request.kind) {
      case 'reload':
        send(connection, { reload: await deps.reload() });
        end(connection);
        break;
      case 'describe':
        send(connection, { gateway: deps.describe() });
        end(connection);
        break;
      case 'change-field':
        send(connection, { changed: await deps.changeField(request.change) });
        end(connection);
        break;
      case 'windows-list':
        send(connection, { windows: await deps.listWindows() });
        end(connection);
        break;
      case 'windows-rebuild':
        send(connection, { rebuild: await deps.rebuildWindows(request.request) });
        end(connection);
        break;
      case 'follow':
        await serveFollowing(connection, await deps.follow(request.filter, request.withPayloads));
        end(connection);
        break;
      case 'query':
        await serveQuery(connection, request.query, deps);
        break;
      default:
        await runJob(connection, request, deps);
    }
  } catch (thrown) {
    const code = thrown instanceof SluiceError ? thrown.code : 'WORKER_FAILED';
    send(connection, { refused: { code, message: errorText(thrown) } });
    end(connection);
  }
}

/** Begins a job, and sends its status until it is over. */
async function runJob(
  connection: Socket,
  request: ReplayCommand,
  { start, status }: CommandDeps,
): Promise<void> {
  const first = await start(request);
  send(connection, { status: first });
  const { startedAtMs } = first;
  const statusTimer = setInterval(() => {
    const now = status();
    // The answer to `start` can arrive before the first report that has the job.
    if (now === undefined || now.startedAtMs < startedAtMs) return;
    const isOver = now.state !== 'running' || now.startedAtMs > startedAtMs;
    // A command that does not read skips a status and gets a later one.
    if (now.startedAtMs === startedAtMs && (isOver || connection.writableLength === 0))
      send(connection, { status: now });
    if (!isOver) return;
    clearInterval(statusTimer);
    end(connection);
  }, STATUS_INTERVAL_MS).unref();
  connection.once('close', () => clearInterval(statusTimer));
}

function send(connection: Socket, line: AnswerLine): void {
  connection.write(`${JSON.stringify(line)}\n`);
}

/** Ends the connection, after a while also without the other side: it may neither read nor disconnect. */
function end(connection: Socket): void {
  connection.end();
  const endTimer = setTimeout(() => connection.destroy(), END_WITHIN_MS).unref();
  connection.once('close', () => clearTimeout(endTimer));
}
