import type { Socket } from 'node:net';
import { SluiceError } from '../lib/errors.js';
import type { ReplayStatus } from './replay-status.js';
import type { CommandAnswer, CommandRequest } from './serve-commands.js';

/** Even a busy gateway answers within this time. */
const ANSWER_WITHIN_MS = 10_000;
/** Limit of a line of the gateway; a status with every reason takes a few kB. */
const MAX_LINE_CHARACTERS = 64 * 1024;

/**
 * Lets the gateway at the other end of the connection run a job; `onStatus` gets its progress. Resolves with its last
 * status. Rejects with the error of a gateway that refuses the job, or with CONTROL_FAILED when it stops answering.
 */
export async function askGateway(
  connection: Socket,
  request: CommandRequest,
  onStatus: (status: ReplayStatus) => void,
  answerWithinMs = ANSWER_WITHIN_MS,
): Promise<ReplayStatus> {
  let last: ReplayStatus | undefined;
  const onLine = (line: string) => {
    const answer = readAnswer(line);
    if ('refused' in answer) throw new SluiceError(answer.refused.code, answer.refused.message);
    last = answer.status;
    onStatus(last);
  };
  connection.write(`${JSON.stringify(request)}\n`);
  const isTimedOut = await readLines(connection, answerWithinMs, onLine);
  if (last !== undefined && last.state !== 'running') return last;
  throw new SluiceError(
    'CONTROL_FAILED',
    failureText(request.kind, last !== undefined, isTimedOut, answerWithinMs),
  );
}

function readAnswer(line: string): CommandAnswer {
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch {
    throw notAGateway();
  }
  const { status, refused } = (answer ?? {}) as { status?: unknown; refused?: unknown };
  if (isObject(status) || isObject(refused)) return answer as CommandAnswer;
  throw notAGateway();
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function notAGateway(): SluiceError {
  return new SluiceError(
    'CONTROL_FAILED',
    'what answers on the socket of this data directory does not speak as a gateway; find out which program holds it',
  );
}

/**
 * Calls `onLine` for each line until the connection is closed. Resolves with whether it was closed here because nothing
 * came for `withinMs`. Rejects with what `onLine` throws.
 */
function readLines(connection: Socket, withinMs: number, onLine: (line: string) => void): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let isTimedOut = false;
    let rest = '';
    const timer = setTimeout(() => {
      isTimedOut = true;
      connection.destroy();
    }, withinMs);
    connection.setEncoding('utf8');
    connection.on('data', (text: string) => {
      timer.refresh();
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      try {
        lines.forEach(onLine);
        if (rest.length > MAX_LINE_CHARACTERS) throw notAGateway();
      } catch (thrown) {
        reject(thrown);
        connection.destroy();
      }
    });
    // An error closes the connection; the missing last status shows that.
    connection.on('error', () => undefined);
    connection.once('end', () => connection.destroy());
    connection.once('close', () => {
      clearTimeout(timer);
      resolve(isTimedOut);
    });
  });
}

function failureText(kind: string, hasBegun: boolean, isTimedOut: boolean, withinMs: number): string {
  if (isTimedOut) {
    return (
      `the gateway that runs on this data directory has not answered for ${withinMs / 1_000} s; ` +
      'look at its log lines'
    );
  }
  if (hasBegun) {
    return `the gateway ended before the ${kind} was done; what it has done is kept, run it again for the rest`;
  }
  return (
    'the gateway that runs on this data directory does not answer: it is starting, stopping, or of a version before ' +
    'replay. Try again, restart it with this version, or stop it and run the command again'
  );
}
