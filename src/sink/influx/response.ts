import { printable } from '../../lib/printable.js';
import type { StoreAnswer } from './transport.js';

/**
 * What the sink does after an answer to a write.
 * written: the request is done. bisect: one or more lines are bad. split: the request is too large.
 * configuration: the store refuses everything until the operator fixes something. retry: the request is sent again.
 */
export type Action = 'written' | 'bisect' | 'split' | 'configuration' | 'retry';

// For what happens to a request these two are the only texts that this sink reads.
/** InfluxDB Enterprise answers 5xx with this text although it has accepted the write. */
const ACCEPTED_BY_HINTED_HANDOFF = 'hinted handoff queue not empty';
/** InfluxDB 1 answers 500 for a retention policy that must be created, and 404 for a database. */
const POLICY_MISSING = 'retention policy not found';

/** Returns whether InfluxDB 1 has no such retention policy. */
export function isPolicyMissing(status: number, body: string): boolean {
  return status >= 500 && body.includes(POLICY_MISSING);
}

/**
 * Returns the action for an answer. Otherwise only the status decides, for every version, because the texts differ between
 * versions. 201 is a partial write on v3 clusters. Other 2xx and 3xx come from something between gateway and store.
 */
export function actionFor(status: number, body: string): Action {
  switch (status) {
    case 204:
      return 'written';
    case 201:
    case 400:
    case 422:
      return 'bisect';
    case 413:
      return 'split';
    case 401:
    case 403:
    case 404:
      return 'configuration';
    default:
      if (status >= 500 && body.includes(ACCEPTED_BY_HINTED_HANDOFF)) return 'written';
      return isPolicyMissing(status, body) ? 'configuration' : 'retry';
  }
}

export interface LineProblem {
  /** Index into the lines of the request. */
  readonly line: number;
  readonly reason: string;
}

/**
 * Returns the refused lines that InfluxDB 3 lists in `data` of a 400 after a partial write; it has written every
 * other line of that request. Returns undefined when the list is absent or does not fit the request.
 */
export function rejectedLines(json: unknown, lineCount: number): readonly LineProblem[] | undefined {
  const listed = (json as { data?: unknown } | null | undefined)?.data;
  if (!Array.isArray(listed) || listed.length === 0) return undefined;
  const byLine = new Map<number, LineProblem>();
  for (const entry of listed as readonly unknown[]) {
    const { line_number, error_message } = (entry ?? {}) as {
      line_number?: unknown;
      error_message?: unknown;
    };
    if (typeof line_number !== 'number' || !Number.isInteger(line_number)) return undefined;
    if (line_number < 1 || line_number > lineCount) return undefined;
    byLine.set(line_number, { line: line_number - 1, reason: String(error_message) });
  }
  return [...byLine.values()].sort((a, b) => a.line - b.line);
}

const MAX_REASON_CHARS = 500;
const MAX_ADDRESS_CHARS = 200;

/** Returns the store's own message, short enough to keep with every rejected point. */
export function storeMessage(answer: StoreAnswer): string {
  const { status, body, isWebPage, movedTo } = answer;
  if (movedTo !== undefined) return `moved to ${printable(movedTo, MAX_ADDRESS_CHARS)}`;
  if (isWebPage) return `a web page${pageTitle(body)}`;
  const text = storeText(answer);
  return (text === '' ? `status ${status} without a text` : text).slice(0, MAX_REASON_CHARS);
}

/** Returns the whole text of an answer. */
export function storeText({ body, json }: Pick<StoreAnswer, 'body' | 'json'>): string {
  const answer = json as { error?: unknown; message?: unknown } | null | undefined;
  const message = [answer?.error, answer?.message].find((text) => typeof text === 'string' && text !== '');
  return (typeof message === 'string' ? message : body).trim();
}

const MAX_TITLE_CHARS = 80;

/** Such as ` with the title "Sign in"`, which often names the program that answers. */
function pageTitle(body: string): string {
  const title = /<title[^>]{0,200}>([^<]{1,500})/i.exec(body)?.[1]?.trim();
  return title === undefined || title === '' ? '' : ` with the title "${printable(title, MAX_TITLE_CHARS)}"`;
}

/** The longest wait that the sink accepts from Retry-After. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Returns the wait that a Retry-After header asks for, 60 s at most. It has seconds, which the client's own
 * `retryAfter()` misreads as ms, or the date of HTTP (RFC 9110, 5.6.7).
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  const text = header?.trim() ?? '';
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : dateMs(text) - nowMs;
  return Math.min(Math.max(waitMs, 0), MAX_RETRY_AFTER_MS);
}

/** `Date.parse` takes nearly anything for a date; a text that is none is the past here. */
function dateMs(text: string): number {
  if (!/^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d/.test(text)) return 0;
  // The old form of asctime has no zone: it is UTC like the others.
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) || 0;
}
