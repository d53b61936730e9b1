import http from 'node:http';
import https from 'node:https';
import { HttpError, InfluxDB } from '@influxdata/influxdb-client';
import { errorText, SluiceError, systemErrorCode } from '../../lib/errors.js';
import type { Pause } from '../../lib/timers.js';
import type { InfluxSettings } from './influx-options.js';

/** The store answered. */
export interface StoreAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Text of an error answer; '' with 2xx. */
  readonly body: string;
  /** The parsed body when the store sent JSON. */
  readonly json: unknown;
  /** The header as the store sent it, in seconds. */
  readonly retryAfter: string | undefined;
}

/** The store did not answer, or its answer broke off; it may have stored what was sent or not. */
export interface NoAnswer {
  readonly kind: 'no-answer';
  readonly reason: string;
}

/** The answer was larger than allowed; the connection was closed. */
export interface AnswerTooLarge {
  readonly kind: 'too-large';
}

export interface StoreRequest {
  readonly path: string;
  readonly body: string;
  readonly contentType: string;
  readonly accept?: string;
}

/** A request whose answer is read only up to a size. */
export interface StoreQuery extends StoreRequest {
  readonly maxAnswerBytes: number;
}

const GZIP_THRESHOLD_BYTES = 1_000;
/** Queries of the live page run at the same time as writes. */
const SOCKETS_FOR_QUERIES = 2;

/** Sends POST requests over kept-alive connections, with the transport of the official client. */
export class InfluxTransport {
  readonly #agent: http.Agent | https.Agent;
  readonly #client: InfluxDB;
  readonly #settings: InfluxSettings;

  constructor(settings: InfluxSettings) {
    const agentOptions = { keepAlive: true, maxSockets: settings.concurrency + SOCKETS_FOR_QUERIES };
    this.#agent =
      settings.url.protocol === 'https:' ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
    this.#settings = settings;
    this.#client = new InfluxDB({
      url: settings.url.href,
      // The client's own time-out never destroys the request: after maxSockets time-outs the next call would wait
      // for ever. The abort signal below does destroy it.
      timeout: 0,
      transportOptions: { agent: this.#agent },
    });
  }

  /** Rejects only with SINK_ABORTED, once `signal` has aborted; the connection is closed by then. */
  post(request: StoreQuery, signal: AbortSignal): Promise<StoreAnswer | NoAnswer | AnswerTooLarge>;
  post(request: StoreRequest, signal: AbortSignal): Promise<StoreAnswer | NoAnswer>;
  async post(
    request: StoreRequest & Partial<StoreQuery>,
    signal: AbortSignal,
  ): Promise<StoreAnswer | NoAnswer | AnswerTooLarge> {
    if (signal.aborted) throw sinkAborted();
    const { timeoutMs, gzip, authorization } = this.#settings;
    // Each call has its own controller and removes its listener again: AbortSignal.any with a signal that lives as
    // long as the process leaks a little memory (Node 20.20).
    const call = new AbortController();
    const abort = () => call.abort();
    signal.addEventListener('abort', abort, { once: true });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      call.abort();
    }, timeoutMs);

    let status = 0;
    try {
      const options = {
        method: 'POST',
        headers: {
          'content-type': request.contentType,
          ...(request.accept !== undefined && { accept: request.accept }),
          ...(authorization !== undefined && { authorization }),
        },
        ...(gzip && { gzipThreshold: GZIP_THRESHOLD_BYTES }),
        signal: call.signal,
      };
      const { transport } = this.#client;
      if (request.maxAnswerBytes !== undefined) {
        const text = await textUpTo(
          transport.iterate(request.path, request.body, options),
          request.maxAnswerBytes,
        );
        // `iterate` does not give the status: it throws unless it is 2xx.
        status = 200;
        if (text === undefined) return { kind: 'too-large' };
        return { kind: 'answer', status, body: '', json: JSON.parse(text) as unknown, retryAfter: undefined };
      }
      const json: unknown = await transport.request(request.path, request.body, options, (_headers, code) => {
        status = code ?? 0;
      });
      return { kind: 'answer', status, body: '', json, retryAfter: undefined };
    } catch (thrown) {
      if (signal.aborted) throw sinkAborted();
      if (timedOut) return { kind: 'no-answer', reason: `no answer within ${timeoutMs} ms` };
      if (thrown instanceof HttpError) return answerOf(thrown);
      // The answer is complete, but its body is not the JSON that it claims to be: the status counts anyway.
      if (thrown instanceof SyntaxError && status !== 0) {
        return { kind: 'answer', status, body: '', json: undefined, retryAfter: undefined };
      }
      const code = systemErrorCode(thrown);
      return { kind: 'no-answer', reason: errorText(thrown) || code || 'the connection broke' };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  /** Closes idle connections. All calls must have ended. */
  close(): void {
    this.#agent.destroy();
  }
}

/** Resolves with the text, or with undefined when there are more bytes; leaving the loop closes the connection. */
async function textUpTo(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string | undefined> {
  const kept: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return undefined;
    kept.push(chunk);
  }
  return Buffer.concat(kept).toString('utf8');
}

function answerOf(error: HttpError): StoreAnswer {
  const retryAfter: unknown = error.headers?.['retry-after'];
  return {
    kind: 'answer',
    status: error.statusCode,
    body: error.body ?? '',
    json: error.json as unknown,
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
  };
}

export function sinkAborted(): SluiceError {
  return new SluiceError(
    'SINK_ABORTED',
    'writing to InfluxDB was stopped; nothing is lost, the same points are written again later',
  );
}

/** Rejects with SINK_ABORTED as soon as `signal` aborts. */
export async function pauseUnlessAborted(pause: Pause, ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, signal);
  if (signal.aborted) throw sinkAborted();
}
