const ANSWER_WITHIN_MS = 5_000;

/** An answer that is not what was asked for; `code` as in the API, or NO_ANSWER. */
export class AnswerError extends Error {
  constructor(code, reason) {
    super(reason);
    this.code = code;
  }
}

export const noAnswer = () => new AnswerError('NO_ANSWER', 'The gateway does not answer.');

/** Rejects with AnswerError only. */
export function getJson(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return answerOf(query === '' ? path : `${path}?${query}`, {});
}

/** Asks for a change with POST or PUT. Rejects with AnswerError only. */
export function sendJson(method, path, body) {
  return answerOf(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

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
  if (!answer.ok) throw new AnswerError(body.code ?? 'INTERNAL', body.reason ?? `Status ${answer.status}.`);
  return body;
}

/**
 * Runs `task` now and `periodMs()` after each end of it; not while the tab is hidden, and at once when it is
 * shown again. Returns a function that runs it early. `task` handles its own failures.
 */
export function repeat(periodMs, task) {
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
  run();
  return run;
}
