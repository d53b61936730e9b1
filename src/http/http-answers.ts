import type { FastifyReply } from 'fastify';
import { type ErrorCode, SluiceError } from '../lib/errors.js';

/** The error codes of the HTTP side itself, each with its status. */
export const HTTP_ERROR_CODES = {
  REQUEST_MALFORMED: 400,
  QUERY_INVALID: 400,
  SIGN_IN_NEEDED: 401,
  SIGN_IN_REFUSED: 401,
  ROLE_NEEDED: 403,
  NOT_FOUND: 404,
  CHANGE_REFUSED: 403,
  CROSS_SITE_REFUSED: 403,
  METHOD_NOT_ALLOWED: 405,
  HOST_REFUSED: 421,
  TOO_MANY_SIGN_INS: 429,
  INTERNAL: 500,
  TOO_MANY_QUERIES: 503,
  SIGN_IN_BUSY: 503,
  TOO_MANY_STREAMS: 503,
  SEARCH_INCOMPLETE: 503,
  TOO_MANY_CONNECTIONS: 503,
} as const;
export type HttpErrorCode = keyof typeof HTTP_ERROR_CODES;

/** Codes of the stages that a caller can act on. All other codes are answered as INTERNAL. */
export const STATUS_OF_STAGE_CODE = {
  QUERY_NAMES_UNKNOWN: 404,
  SINK_QUERY_UNSUPPORTED: 501,
  SINK_QUERY_FAILED: 503,
  QUERY_INVALID: 400,
  QUERY_LIMIT_REACHED: 422,
  TOO_MANY_QUERIES: 503,
  DEAD_LETTER_FAILED: 500,
  DEAD_LETTER_BUSY: 409,
  DEAD_LETTER_SCANNING: 429,
  REPLAY_UNSUPPORTED: 409,
  CONFIG_INVALID: 422,
  CONFIG_UNREADABLE: 422,
  RELOAD_BUSY: 409,
  RELOAD_FAILED: 503,
} as const satisfies Partial<Record<ErrorCode, number>>;

/** The longest request is a selection of ten thousand ids. */
export const MAX_BODY_BYTES = 512 * 1024;

/** Sentences for the codes of fastify. */
const UNREADABLE: Readonly<Record<string, string>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty; a JSON object was expected.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not valid JSON.',
  FST_ERR_CTP_BODY_TOO_LARGE: `The body is larger than ${MAX_BODY_BYTES / 1024} KiB.`,
};

/** The body of every error answer. */
export interface ErrorBody {
  readonly code: HttpErrorCode | ErrorCode;
  /** One sentence for a person. */
  readonly reason: string;
}

export function sendError(reply: FastifyReply, code: HttpErrorCode, reason: string): FastifyReply {
  return reply.code(HTTP_ERROR_CODES[code]).send({ code, reason } satisfies ErrorBody);
}

/** Status and body for anything that a route threw. The texts of unexpected errors are not sent: they may name paths. */
export function errorAnswer(thrown: unknown): { readonly status: number; readonly body: ErrorBody } {
  if (thrown instanceof SluiceError) {
    const statuses: Partial<Record<ErrorCode, number>> = STATUS_OF_STAGE_CODE;
    const status = statuses[thrown.code];
    if (status !== undefined) return { status, body: { code: thrown.code, reason: thrown.message } };
  }
  const { statusCode: status, code } = (thrown ?? {}) as { statusCode?: unknown; code?: unknown };
  if (typeof status === 'number' && status >= 400 && status < 500) {
    const reason = UNREADABLE[String(code)] ?? 'The request could not be read.';
    return { status, body: { code: 'REQUEST_MALFORMED', reason } };
  }
  return {
    status: 500,
    body: { code: 'INTERNAL', reason: 'The gateway failed to answer; its log says why.' },
  };
}
