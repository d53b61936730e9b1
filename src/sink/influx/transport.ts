import http from 'node:http';
import https from 'node:https';
import { HttpError, InfluxDB } from '@influxdata/influxdb-client';
import { errorText, systemErrorCode } from '../../errors.js';
import type { InfluxSettings } from './influx-options.js';
import { sinkAborted } from './sink-aborted.js';

/** The store said something. */
export interface StoreAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Text of a refusal; '' with 2xx. */
  readonly body: string;
  /** The parsed body where the store sent JSON. */
  readonly json: unknown;
  /** As it came: seconds. */
  readonly retryAfter: string | undefined;
}

/** The store did not answer, or not to the end; what was sent may have been stored or not. */
export interface StoreSilence {
  readonly kind: 'silence';
  readonly reason: string;
}

/** The store said more than was asked for; the connection was closed. */
export interface StoreFlood {
  readonly kind: 'flood';
}

export interface StoreRequest {
  readonly path: string;
  readonly body: string;
  readonly contentType: string;
  readonly accept?: string;
}

/** One whose answer is read only up to a size. */
export interface StoreQuestion extends StoreRequest {
  readonly maxAnswerBytes: number;
}

const GZIP_THRESHOLD_BYTES = 1_000;
/** Queries of the live page run beside the writes. */
const SOCKETS_FOR_QUERIES = 2;

/** One POST at a time per call over kept-alive connections, by the official client's transport. */
export class InfluxTransport {
  readonly #agent: http.Agent | https.Agent;
  readonly #client: InfluxDB;
  readonly #settings: InfluxSettings;

  constructor(settings: InfluxSettings) {
    const agentOptions = { keepAlive: true, maxSockets: settings.lanes + SOCKETS_FOR_QUERIES };
    this.#agent =
      settings.url.protocol === 'https:' ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
    this.#settings = settings;
    this.#client = new InfluxDB({
      url: settings.url.href,
      // The client's own time-out never destroys the request: after maxSockets of them the next call waits
      // for ever. The abort signal below does destroy it.
      timeout: 0,
      transportOptions: { agent: this.#agent },
    });
  }

  /** Rejects only with SINK_ABORTED, once `signal` has aborted; the connection is closed by then. */
  post(request: StoreQuestion, signal: AbortSignal): Promise<StoreAnswer | StoreSilence | StoreFlood>;
  post(request: StoreRequest, signal: AbortSignal): Promise<StoreAnswer | StoreSilence>;
  async post(
    request: StoreRequest & Partial<StoreQuestion>,
    signal: AbortSignal,
  ): Promise<StoreAnswer | StoreSilence | StoreFlood> {
    if (signal.aborted) throw sinkAborted();
    const { timeoutMs, gzip, authorization } = this.#settings;
    // One controller a call and its listener taken off again: AbortSignal.any with a signal that lives as long
    // as the process keeps a little memory for ever (Node 20.20).
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
          ...(request.accept === undefined ? {} : { accept: request.accept }),
          ...(authorization === undefined ? {} : { authorization }),
        },
        ...(gzip ? { gzipThreshold: GZIP_THRESHOLD_BYTES } : {}),
        signal: call.signal,
      };
      const { transport } = this.#client;
      if (request.maxAnswerBytes !== undefined) {
        const text = await boundedText(
          transport.iterate(request.path, request.body, options),
          request.maxAnswerBytes,
        );
        // Its own status is not told; the others are thrown.
        status = 200;
        if (text === undefined) return { kind: 'flood' };
        return { kind: 'answer', status, body: '', json: JSON.parse(text) as unknown, retryAfter: undefined };
      }
      const json: unknown = await transport.request(request.path, request.body, options, (_headers, code) => {
        status = code ?? 0;
      });
      return { kind: 'answer', status, body: '', json, retryAfter: undefined };
    } catch (thrown) {
      if (signal.aborted) throw sinkAborted();
      if (timedOut) return { kind: 'silence', reason: `no answer within ${timeoutMs} ms` };
      if (thrown instanceof HttpError) return answerOf(thrown);
      // A whole answer whose body only claims to be JSON: its status counts all the same.
      if (thrown instanceof SyntaxError && status !== 0) {
        return { kind: 'answer', status, body: '', json: undefined, retryAfter: undefined };
      }
      const code = systemErrorCode(thrown);
      return { kind: 'silence', reason: errorText(thrown) || code || 'the connection broke' };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  /** Closes idle connections; calls under way must have ended. */
  close(): void {
    this.#agent.destroy();
  }
}

/** Undefined when there is more; leaving the loop closes the connection. */
async function boundedText(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string | undefined> {
  const taken: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return undefined;
    taken.push(chunk);
  }
  return Buffer.concat(taken).toString('utf8');
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
