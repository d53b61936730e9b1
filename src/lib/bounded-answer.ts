import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { printable } from './printable.js';

/** Limit of an error answer, and of every answer that is short by its nature. */
export const MAX_SHORT_ANSWER_BYTES = 64 * 1024;

const MAX_ENCODING_CHARACTERS = 40;

export interface AnswerLimits {
  /** Limit of the body of a 2xx answer. */
  readonly success: number;
  /** Limit of the body of any other answer. */
  readonly error: number;
}

export const SHORT_ANSWER: AnswerLimits = { success: MAX_SHORT_ANSWER_BYTES, error: MAX_SHORT_ANSWER_BYTES };

/** What a peer answered. No request of Sluice asks for an encoded answer, so `text` is what came over the connection. */
export interface BoundedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body up to the limit; '' when it is encoded. */
  readonly text: string;
  /** Why `text` is not the whole body: it is longer than the limit, or it is encoded. The connection is closed then. */
  readonly omitted?: 'too-large' | 'encoded';
}

/**
 * Reads the answer of a peer, however long it is, into at most so much memory. A body with a content encoding is not
 * read at all: it was not asked for, and a few bytes of it can stand for a gigabyte. Rejects when the connection breaks.
 * The caller has a time-out for the whole call: a peer that sends a byte now and then never ends its answer.
 */
export async function readAnswer(
  response: IncomingMessage,
  limits: AnswerLimits = SHORT_ANSWER,
): Promise<BoundedAnswer> {
  const { statusCode: status = 0, headers } = response;
  if (isEncoded(headers)) {
    // A connection that breaks now is not a fault any more.
    response.on('error', () => undefined).destroy();
    return { status, headers, text: '', omitted: 'encoded' };
  }
  const maxBytes = status >= 200 && status < 300 ? limits.success : limits.error;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    // Leaving the loop closes the connection.
    if (bytes > maxBytes) break;
  }
  const text = Buffer.concat(chunks).toString('utf8', 0, maxBytes);
  return { status, headers, text, ...(bytes > maxBytes && { omitted: 'too-large' }) };
}

/** Returns whether the body of an answer has a content encoding, such as gzip. */
export function isEncoded(headers: IncomingHttpHeaders): boolean {
  const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase();
  return encoding !== '' && encoding !== 'identity';
}

/** Says in words why the body of an answer was not read. */
export function encodedText(headers: IncomingHttpHeaders): string {
  const encoding = printable(headers['content-encoding'] ?? '', MAX_ENCODING_CHARACTERS);
  return `its text is encoded (${encoding}), which was not asked for`;
}

/** Returns whether an answer is a page for people, as a proxy, a login page or a wrong address sends it. */
export function isWebPage({ headers, text }: Pick<BoundedAnswer, 'headers' | 'text'>): boolean {
  return /^text\/html\b/i.test(headers['content-type'] ?? '') || /^\s*<(!doctype html|html)\b/i.test(text);
}

/** Returns where a 3xx answer points to, as an absolute URL without query and credentials; undefined for any other answer. */
export function redirectTarget({ status, headers }: BoundedAnswer, asked: URL): URL | undefined {
  const { location } = headers;
  if (status < 300 || status >= 400 || location === undefined || !URL.canParse(location, asked.href)) {
    return undefined;
  }
  const target = new URL(location, asked);
  target.search = '';
  target.hash = '';
  target.username = '';
  target.password = '';
  return target;
}
