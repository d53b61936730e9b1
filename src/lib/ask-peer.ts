import http from 'node:http';
import https from 'node:https';
import { type AnswerLimits, type BoundedAnswer, readAnswer, SHORT_ANSWER } from './bounded-answer.js';
import { errorText, systemErrorCode } from './errors.js';

export interface PeerRequest {
  readonly url: string;
  /** Absent: GET without a body, POST with one. */
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole call, until the last byte of the answer. */
  readonly timeoutMs: number;
  readonly limits?: AnswerLimits;
  /** Accepts any certificate: for a question about our own health, which shows no secret. */
  readonly anyCertificate?: boolean;
}

/**
 * Sends one request over a connection of its own and reads the answer within a bound. A redirect is an answer: it is not
 * followed, because its target is not the configured peer. Rejects with an Error whose message says why there is no
 * answer. `fetch` is not used: it decodes whatever a peer claims to have encoded.
 */
export async function askPeer({
  url,
  method,
  body,
  headers,
  timeoutMs,
  limits,
  anyCertificate = false,
}: PeerRequest): Promise<BoundedAnswer> {
  const { request } = url.startsWith('https:') ? https : http;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await new Promise<BoundedAnswer>((resolve, reject) => {
      const call = request(
        url,
        {
          method: method ?? (body === undefined ? 'GET' : 'POST'),
          headers: {
            ...headers,
            ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
          },
          agent: false,
          rejectUnauthorized: !anyCertificate,
          signal,
        },
        (response) => {
          readAnswer(response, limits ?? SHORT_ANSWER).then(resolve, reject);
        },
      );
      call.on('error', reject);
      call.end(body);
    });
  } catch (thrown) {
    if (signal.aborted) {
      throw new Error(`no answer within ${timeoutMs / 1_000} s`, {
        cause: thrown,
      });
    }
    throw new Error(silenceText(thrown), { cause: thrown });
  }
}

/** A refused connection to a name with several addresses is an error without a message, but with a code. */
function silenceText(thrown: unknown): string {
  const code = systemErrorCode(thrown);
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE') return 'the connection broke';
  if (code !== undefined && /^E[A-Z]+$/.test(code)) return code;
  return errorText(thrown) || code || 'the connection broke';
}
