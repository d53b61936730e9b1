import type { Socket } from 'node:net';
import type { ReloadResult } from '../config/reload-result.js';
import { boundedLines } from '../lib/bounded-lines.js';
import { SluiceError } from '../lib/errors.js';
import type { ReplayStatus } from '../replay/replay-status.js';
import type { FieldChange, FieldChangeResult } from '../sink/field-change.js';
import type { RebuildRequest, RebuildResult, WindowsReport } from '../windows/windows-report.js';
import { commandUser } from './audit-commands.js';
import type {
  CommandRequest,
  Followed,
  GatewayDescription,
  RefusedLine,
  ReplayCommand,
} from './command-protocol.js';

/** Even a busy gateway answers within this time. */
export const ANSWER_WITHIN_MS = 10_000;
const DESCRIBED_WITHIN_MS = 3_000;
/** A reload waits for the present batch first. */
const RELOADED_WITHIN_MS = 30_000;
/** A change of a field waits for the present write, and may rewrite all values of the field. */
const CHANGED_WITHIN_MS = 600_000;
/** Marks of many windows are written to disk first. */
const MARKED_WITHIN_MS = 60_000;
/**
 * Limit of a line of the gateway. A status with every reason takes a few kB; a reload may name every rule of two files of
 * 1 MiB. Followed records are bounded where they are made.
 */
const MAX_LINE_CHARACTERS = {
  status: 64 * 1024,
  reload: 4 * 1024 * 1024,
  gateway: 64 * 1024,
  changed: 64 * 1024,
  followed: 4 * 1024 * 1024,
  windows: 1024 * 1024,
  rebuild: 1024 * 1024,
  query: 4 * 1024 * 1024,
} as const;
type AnswerKey = Exclude<keyof typeof MAX_LINE_CHARACTERS, 'followed'>;

/** What gateways of older versions do not know. */
const FEATURES = ['replay', 'reload', 'explain --follow', 'store', 'windows', 'query'] as const;
type Feature = (typeof FEATURES)[number];

/**
 * Lets the gateway at the other end of the connection run a job; `onStatus` gets its progress. Resolves with its last
 * status. Rejects with the error of a gateway that refuses the job, or with CONTROL_FAILED when it stops answering.
 */
export async function askGateway(
  connection: Socket,
  request: ReplayCommand,
  onStatus: (status: ReplayStatus) => void,
  answerWithinMs = ANSWER_WITHIN_MS,
): Promise<ReplayStatus> {
  let last: ReplayStatus | undefined;
  const isTimedOut = await ask(connection, request, 'status', answerWithinMs, (status: ReplayStatus) => {
    last = status;
    onStatus(last);
  });
  if (last !== undefined && last.state !== 'running') return last;
  if (isTimedOut || last === undefined) throw noAnswer(request.kind, isTimedOut, answerWithinMs);
  throw new SluiceError(
    'CONTROL_FAILED',
    `the gateway ended before the ${request.kind} was done; what it has done is kept, run it again for the rest`,
  );
}

/**
 * Lets the gateway at the other end of the connection reload its configuration. Rejects with its error, such as RELOAD_BUSY,
 * or with CONTROL_FAILED when it does not answer.
 */
export function askForReload(connection: Socket, answerWithinMs = RELOADED_WITHIN_MS): Promise<ReloadResult> {
  return askOnce(connection, { kind: 'reload' }, 'reload', 'reload', answerWithinMs);
}

/**
 * Lets the gateway at the other end of the connection change a field of its store. Rejects with its error, or with
 * CONTROL_FAILED when it does not answer.
 */
export function askForFieldChange(
  connection: Socket,
  change: FieldChange,
  answerWithinMs = CHANGED_WITHIN_MS,
): Promise<FieldChangeResult> {
  return askOnce(connection, { kind: 'change-field', change }, 'changed', 'store', answerWithinMs);
}

/**
 * Asks the gateway at the other end of the connection what its windows are at. Rejects with its error, or with
 * CONTROL_FAILED when it does not answer.
 */
export function askForWindows(connection: Socket, answerWithinMs = ANSWER_WITHIN_MS): Promise<WindowsReport> {
  return askOnce(connection, { kind: 'windows-list' }, 'windows', 'windows', answerWithinMs);
}

/**
 * Lets the gateway at the other end of the connection mark windows, which it then computes again. Rejects with its error, or
 * with CONTROL_FAILED when it does not answer.
 */
export function askForRebuild(
  connection: Socket,
  request: RebuildRequest,
  answerWithinMs = MARKED_WITHIN_MS,
): Promise<RebuildResult> {
  return askOnce(connection, { kind: 'windows-rebuild', request }, 'rebuild', 'windows', answerWithinMs);
}

/**
 * Asks the gateway at the other end of the connection which one it is. Rejects when it does not answer, or is of a version
 * that does not know the question.
 */
export async function askForDescription(
  connection: Socket,
  answerWithinMs = DESCRIBED_WITHIN_MS,
): Promise<GatewayDescription> {
  let description: GatewayDescription | undefined;
  const request = { kind: 'describe' } as const;
  const isTimedOut = await ask(connection, request, 'gateway', answerWithinMs, (one: GatewayDescription) => {
    description = one;
  });
  if (description === undefined) throw noAnswer('describe', isTimedOut, answerWithinMs);
  return description;
}

export interface FollowOptions {
  /** Each record comes with its whole payload, if that is not too large. */
  readonly withPayloads?: boolean;
  readonly answerWithinMs?: number;
}

/**
 * Follows the records of a topic filter, until the caller ends the iteration or destroys the connection. The gateway sends no
 * more than the caller takes. Throws the error of a gateway that refuses, and CONTROL_FAILED when it stops answering.
 */
export async function* followGateway(
  connection: Socket,
  filter: string,
  { withPayloads = false, answerWithinMs = ANSWER_WITHIN_MS }: FollowOptions = {},
): AsyncGenerator<Followed> {
  let isTimedOut = false;
  const expectAnswer = () =>
    setTimeout(() => {
      isTimedOut = true;
      connection.destroy();
    }, answerWithinMs);
  connection.write(`${JSON.stringify({ kind: 'follow', filter, withPayloads } satisfies CommandRequest)}\n`);
  let timer = expectAnswer();
  let isFollowing = false;
  try {
    for await (const { bytes } of boundedLines(connection, MAX_LINE_CHARACTERS.followed)) {
      clearTimeout(timer);
      if (bytes === undefined) throw notAGateway();
      yield readAnswer(bytes.toString('utf8'), 'followed') as Followed;
      isFollowing = true;
      timer = expectAnswer();
    }
  } catch (thrown) {
    if (thrown instanceof SluiceError) {
      throw isUnknownRequest(thrown) ? ofOlderVersion('explain --follow') : thrown;
    }
    // An error of the connection ends it; a missing answer shows that.
  } finally {
    clearTimeout(timer);
    connection.destroy();
  }
  if (isTimedOut || !isFollowing) throw noAnswer('explain --follow', isTimedOut, answerWithinMs);
}

/** Sends a request that has one answer. `feature` names it where a gateway of an older version does not know it. */
async function askOnce<Answer>(
  connection: Socket,
  request: CommandRequest,
  key: AnswerKey,
  feature: Feature,
  answerWithinMs: number,
): Promise<Answer> {
  let answer: Answer | undefined;
  let isTimedOut: boolean;
  try {
    isTimedOut = await ask(connection, request, key, answerWithinMs, (one: Answer) => {
      answer = one;
    });
  } catch (thrown) {
    throw isUnknownRequest(thrown) ? ofOlderVersion(feature) : thrown;
  }
  if (answer === undefined) throw noAnswer(feature, isTimedOut, answerWithinMs);
  return answer;
}

/**
 * Sends a request and calls `onAnswer` with what each line has under `key`. Resolves with whether the answer was not waited
 * for any longer; rejects with the error of a gateway that refuses.
 */
export function ask<Answer>(
  connection: Socket,
  request: CommandRequest,
  key: AnswerKey,
  answerWithinMs: number,
  onAnswer: (answer: Answer) => void,
): Promise<boolean> {
  connection.write(`${JSON.stringify({ ...request, user: commandUser() })}\n`);
  const limits = { withinMs: answerWithinMs, maxCharacters: MAX_LINE_CHARACTERS[key] };
  return readLines(connection, limits, (line) => onAnswer(readAnswer(line, key) as Answer));
}

function readAnswer(line: string, key: string): object {
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch {
    throw notAGateway();
  }
  const { refused, [key]: value } = (answer ?? {}) as Partial<RefusedLine> & Record<string, unknown>;
  if (isObject(refused)) throw new SluiceError(refused.code, refused.message);
  if (isObject(value)) return value;
  throw notAGateway();
}

function isObject(value: unknown): value is object {
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
function readLines(
  connection: Socket,
  { withinMs, maxCharacters }: { readonly withinMs: number; readonly maxCharacters: number },
  onLine: (line: string) => void,
): Promise<boolean> {
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
        if (rest.length > maxCharacters) throw notAGateway();
      } catch (thrown) {
        reject(thrown);
        connection.destroy();
      }
    });
    // An error closes the connection; the missing last line shows that.
    connection.on('error', () => undefined);
    connection.once('end', () => connection.destroy());
    connection.once('close', () => {
      clearTimeout(timer);
      resolve(isTimedOut);
    });
  });
}

export function noAnswer(kind: string, isTimedOut: boolean, withinMs: number): SluiceError {
  if (!isTimedOut) return ofOlderVersion(FEATURES.find((one) => one === kind) ?? 'replay');
  return new SluiceError(
    'CONTROL_FAILED',
    `the gateway that runs on this data directory has not answered for ${withinMs / 1_000} s; look at its log lines`,
  );
}

/** A version that does not know a request takes it for a malformed one. */
export function isUnknownRequest(thrown: unknown): boolean {
  return (
    thrown instanceof SluiceError && thrown.code === 'USAGE_INVALID' && /expected kind/.test(thrown.message)
  );
}

export function ofOlderVersion(feature: Feature): SluiceError {
  return new SluiceError(
    'CONTROL_FAILED',
    'the gateway that runs on this data directory does not answer: it is starting, stopping, or of a version before ' +
      `${feature}. Try again, restart it with this version${['replay', 'store', 'query'].includes(feature) ? ', or stop it and run the command again' : ''}`,
  );
}
