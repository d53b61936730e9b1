import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { InfluxDB } from '@influxdata/influxdb-client';
import {
  type BoundedAnswer,
  encodedText,
  isEncoded,
  isWebPage,
  MAX_SHORT_ANSWER_BYTES,
  readAnswer,
  redirectTarget,
} from '../../lib/bounded-answer.js';
import { errorText, SluiceError, systemErrorCode } from '../../lib/errors.js';
import type { Pause } from '../../lib/timers.js';
import type { InfluxSettings } from './influx-options.js';
import { SilenceWatch } from './silence-watch.js';

/** The store answered. */
export interface StoreAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** The text of the answer, or why it was not read. */
  readonly body: string;
  /** The parsed body when the store sent JSON. */
  readonly json: unknown;
  /** The header as the store sent it. */
  readonly retryAfter: string | undefined;
  /** True when something else answers there with a page for people. */
  readonly isWebPage: boolean;
  /** True when the body has a content encoding: it was not read. */
  readonly isEncoded: boolean;
  /** Of a 3xx answer: the address to use instead of `sink.influx.url`. */
  readonly movedTo: string | undefined;
}

/** The store did not answer, or its answer broke off; it may have stored what was sent or not. */
export interface NoAnswer {
  readonly kind: 'no-answer';
  readonly reason: string;
}

/** The result of a query was larger than allowed; the connection was closed. */
export interface AnswerTooLarge {
  readonly kind: 'too-large';
}

export interface StoreRequest {
  readonly path: string;
  readonly body: string;
  readonly contentType: string;
  readonly accept?: string;
  /** Limit of an error answer, which is cut there; 64 KiB by default. */
  readonly maxErrorBytes?: number;
}

/** A request whose result is of use only as a whole. */
export interface StoreQuery extends StoreRequest {
  readonly maxAnswerBytes: number;
}

/** Content type of a query. */
export const FORM = 'application/x-www-form-urlencoded';

const GZIP_THRESHOLD_BYTES = 1_000;
/** Queries of the live page run at the same time as writes. */
const SOCKETS_FOR_QUERIES = 2;

/** An answer that is read while it comes, in parts as the connection brings them. */
export interface StreamedAnswer {
  readonly kind: 'stream';
  /**
   * Must be read: its end, or leaving the loop, ends the call and closes the connection. Rejects with
   * SINK_QUERY_FAILED after the signal, when the answer breaks off, or when nothing comes for the time allowed.
   */
  readonly parts: AsyncIterable<Buffer>;
}

/** Takes the answer to a call; a call is found by the signal that the client passes on. */
type OnResponse = (response: IncomingMessage) => void;

type Request = (options: RequestOptions, onResponse: (response: IncomingMessage) => void) => ClientRequest;

/**
 * Sends POST requests over kept-alive connections, with the transport of the official client. The client would collect
 * an answer of any size and decode gzip that nobody asked for, so answers are read here and do not reach it.
 */
export class InfluxTransport {
  readonly #agent: http.Agent | https.Agent;
  readonly #client: InfluxDB;
  readonly #settings: InfluxSettings;
  readonly #calls = new WeakMap<AbortSignal, OnResponse>();

  constructor(settings: InfluxSettings) {
    const agentOptions = { keepAlive: true, maxSockets: settings.concurrency + SOCKETS_FOR_QUERIES };
    const isSecure = settings.url.protocol === 'https:';
    this.#agent = isSecure ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
    this.#settings = settings;
    const request = this.#requestWith(isSecure ? https.request : http.request);
    this.#client = new InfluxDB({
      url: settings.url.href,
      // The client's own time-out never destroys the request: after maxSockets time-outs the next call would wait
      // for ever. The abort signal below does destroy it.
      timeout: 0,
      // The client's only way to get another request function; it has this name because of a package that is used so.
      transportOptions: { agent: this.#agent, 'follow-redirects': { http: { request }, https: { request } } },
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
    const { timeoutMs } = this.#settings;
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
    try {
      const answer = await this.#send(request, call.signal);
      if (
        request.maxAnswerBytes !== undefined &&
        isSuccess(answer.status) &&
        answer.omitted === 'too-large'
      ) {
        return { kind: 'too-large' };
      }
      return this.#storeAnswer(answer, request);
    } catch (thrown) {
      if (signal.aborted) throw sinkAborted();
      if (timedOut) return { kind: 'no-answer', reason: `no answer within ${timeoutMs} ms` };
      const code = systemErrorCode(thrown);
      return { kind: 'no-answer', reason: errorText(thrown) || code || 'the connection broke' };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  /**
   * Sends a query whose answer is read while it comes, however long it is. An answer that is no success is read as a
   * whole. `silenceMs` limits the wait for each part. Rejects only with SINK_QUERY_FAILED, after `signal`.
   */
  async stream(
    request: StoreRequest,
    silenceMs: number,
    signal: AbortSignal,
  ): Promise<StreamedAnswer | StoreAnswer | NoAnswer> {
    if (signal.aborted) throw readAborted();
    const watch = new SilenceWatch(silenceMs, signal);
    const asError = (reason: string) =>
      signal.aborted ? readAborted() : answerBroke(this.#settings, reason);
    try {
      const response = await watch.within(this.#respond(request, watch.signal));
      if (isSuccess(response.statusCode ?? 0) && !isEncoded(response.headers)) {
        return { kind: 'stream', parts: watch.parts(response, asError) };
      }
      const answer = await watch.within(readAnswer(response));
      watch.end();
      return this.#storeAnswer(answer, request);
    } catch (thrown) {
      watch.end();
      if (signal.aborted) throw readAborted();
      return { kind: 'no-answer', reason: watch.reason(thrown) };
    }
  }

  async #send(
    { path, body, contentType, accept, maxAnswerBytes, maxErrorBytes }: StoreRequest & Partial<StoreQuery>,
    signal: AbortSignal,
  ): Promise<BoundedAnswer> {
    const limits = {
      success: maxAnswerBytes ?? MAX_SHORT_ANSWER_BYTES,
      error: maxErrorBytes ?? MAX_SHORT_ANSWER_BYTES,
    };
    const response = await this.#respond({ path, body, contentType, accept }, signal);
    return readAnswer(response, limits);
  }

  /** Resolves with the head of the answer. The caller must begin to read it in the same turn. */
  #respond({ path, body, contentType, accept }: StoreRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { gzip, authorization } = this.#settings;
    return new Promise((responded, failed) => {
      this.#calls.set(signal, responded);
      const options = {
        method: 'POST',
        headers: {
          'content-type': contentType,
          ...(accept !== undefined && { accept }),
          ...(authorization !== undefined && { authorization }),
        },
        // InfluxDB 1 decompresses what is written, and no query.
        ...(gzip && contentType !== FORM && { gzipThreshold: GZIP_THRESHOLD_BYTES }),
        signal,
      };
      // It never resolves, because the client gets no answer; it rejects when there is none.
      this.#client.transport.request(path, body, options).catch(failed);
    });
  }

  #requestWith(request: Request): Request {
    return (options) => request(options, this.#calls.get(options.signal!)!);
  }

  #storeAnswer(answer: BoundedAnswer, { path, accept }: StoreRequest): StoreAnswer {
    const { status, headers, text, omitted } = answer;
    const hasEncoding = omitted === 'encoded';
    const retryAfter: unknown = headers['retry-after'];
    // InfluxDB 1 repeats its text in a header, which is there also when a proxy has dropped the body.
    const inHeader = text === '' && status >= 300 ? String(headers['x-influxdb-error'] ?? '') : '';
    return {
      kind: 'answer',
      status,
      body: hasEncoding ? encodedText(headers) : text || inHeader,
      json: omitted === undefined && isJson(accept ?? headers['content-type']) ? parsed(text) : undefined,
      retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
      isWebPage: isWebPage(answer),
      isEncoded: hasEncoding,
      movedTo: this.#movedTo(answer, path),
    };
  }

  /** Returns the address that a redirect stands for: its target without the path of the request, where it ends so. */
  #movedTo(answer: BoundedAnswer, path: string): string | undefined {
    const asked = new URL(this.#settings.url);
    const endpoint = path.replace(/\?.*$/s, '');
    asked.pathname = `${asked.pathname.replace(/\/$/, '')}${endpoint}`;
    const target = redirectTarget(answer, asked);
    if (target?.pathname.endsWith(endpoint)) target.pathname = target.pathname.slice(0, -endpoint.length);
    return target?.href.replace(/\/$/, '');
  }

  /** Closes idle connections. All calls must have ended. */
  close(): void {
    this.#agent.destroy();
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function readAborted(): SluiceError {
  return new SluiceError('SINK_QUERY_FAILED', 'reading from InfluxDB was stopped');
}

function answerBroke({ url }: InfluxSettings, reason: string): SluiceError {
  return new SluiceError('SINK_QUERY_FAILED', `the answer of InfluxDB at ${url.origin} broke off: ${reason}`);
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/json\b/i.test(contentType ?? '');
}

/** Returns undefined for a text that is not the JSON that it claims to be. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
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
