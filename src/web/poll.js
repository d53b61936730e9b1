/** @import { Failure } from './types.js' */

const ANSWER_WITHIN_MS = 5_000;

export const SIGN_IN_NEEDED = 'SIGN_IN_NEEDED';

/** An answer that is not what was asked for; `code` as in the API, or NO_ANSWER. */
export class AnswerError extends Error {
  /** @param {string} code @param {string} reason */
  constructor(code, reason) {
    super(reason);
    this.code = code;
  }
}

/**
 * What was thrown, as an error that the page can show.
 *
 * @param {unknown} thrown
 * @returns {Failure}
 */
export function failureOf(thrown) {
  return thrown instanceof AnswerError ? thrown : { code: 'INTERNAL', message: String(thrown) };
}

/**
 * Calls back whenever an answer says that it needs a sign-in.
 *
 * @param {() => void} listener
 */
export function onSignInNeeded(listener) {
  document.addEventListener(SIGN_IN_NEEDED, listener);
}

export const noAnswer = () => new AnswerError('NO_ANSWER', 'The gateway does not answer.');

/**
 * Asks the API. Rejects with AnswerError only.
 *
 * @template T
 * @param {string} path
 * @param {string[][] | Record<string, string>} [parameters]
 * @returns {Promise<T>}
 */
export function getJson(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return answerOf(query === '' ? path : `${path}?${query}`, {});
}

/**
 * Asks for a change. Rejects with AnswerError only.
 *
 * @template T
 * @param {'POST' | 'PUT'} method
 * @param {string} path
 * @param {object} body
 * @returns {Promise<T>}
 */
export function sendJson(method, path, body) {
  return answerOf(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/**
 * @template T
 * @param {string} address
 * @param {RequestInit} request
 * @returns {Promise<T>}
 */
async function answerOf(address, request) {
  let answer;
  let body;
  try {
    answer = await fetch(address, {
      ...request,
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    body = await answer.json();
  } catch {
    throw noAnswer();
  }
  if (body.code === SIGN_IN_NEEDED) document.dispatchEvent(new Event(SIGN_IN_NEEDED));
  if (!answer.ok) throw new AnswerError(body.code ?? 'INTERNAL', body.reason ?? `Status ${answer.status}.`);
  return body;
}

/**
 * Runs `task` now and `periodMs()` after each end of it; not while the tab is hidden, and at once when it is
 * shown again. Returns a function that runs it early. `task` handles its own failures.
 *
 * @param {() => number} periodMs
 * @param {() => Promise<unknown>} task
 * @returns {() => Promise<void>}
 */
export function repeat(periodMs, task) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isRunning = false;
  let isWanted = false;

  async function run() {
    clearTimeout(timer);
    if (document.hidden) return;
    if (isRunning) {
      isWanted = true;
      return;
    }
    isRunning = true;
    try {
      await task();
    } finally {
      isRunning = false;
      timer = setTimeout(run, isWanted ? 0 : periodMs());
      isWanted = false;
    }
  }

  document.addEventListener('visibilitychange', run);
  void run();
  return run;
}
