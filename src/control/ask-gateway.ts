import type { Socket } from 'node:net';
import type { SettlingStatus } from '../dead-letter/settling-status.js';
import { SluiceError } from '../errors.js';
import type { ControlAnswer, ControlRequest } from './control-protocol.js';

/** A gateway that is busy still answers within this. */
const ANSWER_WITHIN_MS = 10_000;

/**
 * Has the gateway behind the connection do a job; `onStatus` hears how it goes. Resolves with how it ended. Rejects with
 * what the gateway refuses it for, or with CONTROL_FAILED when it falls silent.
 */
export async function askGateway(
  connection: Socket,
  request: ControlRequest,
  onStatus: (status: SettlingStatus) => void,
  answerWithinMs = ANSWER_WITHIN_MS,
): Promise<SettlingStatus> {
  let last: SettlingStatus | undefined;
  const heard = (line: string) => {
    const answer = JSON.parse(line) as ControlAnswer;
    if ('refused' in answer) throw new SluiceError(answer.refused.code, answer.refused.message);
    last = answer.status;
    onStatus(last);
  };
  connection.write(`${JSON.stringify(request)}\n`);
  const isSilent = await eachLine(connection, answerWithinMs, heard);
  if (last !== undefined && last.state !== 'running') return last;
  throw new SluiceError(
    'CONTROL_FAILED',
    sentenceFor(request.kind, last !== undefined, isSilent, answerWithinMs),
  );
}

/**
 * Resolves when the other side has ended, however it did; true when it was given up for its silence. Rejects with what
 * `heard` throws.
 */
function eachLine(connection: Socket, withinMs: number, heard: (line: string) => void): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let isSilent = false;
    let rest = '';
    const silence = setTimeout(() => {
      isSilent = true;
      connection.destroy();
    }, withinMs);
    connection.setEncoding('utf8');
    connection.on('data', (text: string) => {
      silence.refresh();
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      try {
        lines.forEach(heard);
      } catch (thrown) {
        reject(thrown);
        connection.destroy();
      }
    });
    // What ends the connection early shows in the status that is missing.
    connection.on('error', () => undefined);
    connection.once('end', () => connection.destroy());
    connection.once('close', () => {
      clearTimeout(silence);
      resolve(isSilent);
    });
  });
}

function sentenceFor(kind: string, hasBegun: boolean, isSilent: boolean, withinMs: number): string {
  if (isSilent) {
    return (
      `the gateway that runs on this data directory has not answered for ${withinMs / 1_000} s; ` +
      'look at its log lines'
    );
  }
  if (hasBegun)
    return `the gateway ended before the ${kind} was done; what it has settled stays, run it again for the rest`;
  return (
    'the gateway that runs on this data directory does not answer: it is starting, stopping, or of a version before ' +
    'replay. Try again, restart it with this version, or stop it and run the command again'
  );
}
