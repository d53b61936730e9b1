import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { senderOf } from '../lib/remote-address.js';
import { sendError } from './http-answers.js';
import type { HttpRefusalCounts } from './http-refusals.js';
import type { Caller } from './sign-in/caller.js';
import type { HttpAccess } from './sign-in/http-access.js';

/** The number of pages that may be open at once. Each of them holds a connection. */
export const MAX_STREAMS = 64;

/** The number of pages that one address may have open: one client must not keep the others from the page. */
export const MAX_STREAMS_PER_ADDRESS = 8;

const PERIOD_MS = 1_000;

const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // nginx would hold the events back until its buffer is full.
  'x-accel-buffering': 'no',
} as const;

export interface EventStreamsOptions {
  /** 8 by default. */
  readonly maxStreamsPerAddress?: number;
  readonly refusals: HttpRefusalCounts;
  /** Who may read; absent: everybody. */
  readonly httpAccess?: HttpAccess;
  /** How often it is asked whether those who read still may; a second by default. */
  readonly periodMs?: number;
}

interface OpenStream {
  readonly response: ServerResponse;
  readonly caller: Caller;
}

/**
 * The server-sent event streams of one route: opens them, bounds how many are open, and ends those whose reader may not
 * read any more, because the rules have changed or the sign-in is over.
 */
export class EventStreams {
  readonly #maxOfAddress: number;
  readonly #refusals: HttpRefusalCounts;
  readonly #streamsOf = new Map<string, number>();
  readonly #httpAccess: HttpAccess | undefined;
  readonly #periodMs: number;
  readonly #open = new Set<OpenStream>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ maxStreamsPerAddress, refusals, httpAccess, periodMs = PERIOD_MS }: EventStreamsOptions) {
    this.#maxOfAddress = maxStreamsPerAddress ?? MAX_STREAMS_PER_ADDRESS;
    this.#refusals = refusals;
    this.#httpAccess = httpAccess;
    this.#periodMs = periodMs;
  }

  /** Opens a stream, which belongs to the caller then; undefined: the request is answered. */
  open(request: FastifyRequest, reply: FastifyReply): ServerResponse | undefined {
    reply.headers(STREAM_HEADERS);
    // A HEAD request has the same route but no body to stream.
    if (request.method === 'HEAD') {
      reply.send();
      return undefined;
    }
    const address = senderOf(request.raw.socket.remoteAddress ?? '');
    const ofAddress = this.#streamsOf.get(address) ?? 0;
    if (this.#open.size >= MAX_STREAMS || ofAddress >= this.#maxOfAddress) {
      const open =
        ofAddress >= this.#maxOfAddress
          ? `${this.#maxOfAddress} pages of this address`
          : `${MAX_STREAMS} pages`;
      this.refuse(reply, `${open} are open already.`);
      return undefined;
    }
    const stream = { response: reply.raw, caller: request.caller };
    this.#open.add(stream);
    this.#streamsOf.set(address, ofAddress + 1);
    reply.raw.once('close', () => this.#closed(stream, address));
    if (this.#httpAccess !== undefined) this.#timer ??= setInterval(() => this.#judge(), this.#periodMs);
    const headers = reply.getHeaders();
    reply.hijack();
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) reply.raw.setHeader(name, value);
    reply.raw.writeHead(200);
    return reply.raw;
  }

  /** Answers that there are too many. */
  refuse(reply: FastifyReply, sentence: string): void {
    this.#refusals['too-many-streams'] += 1;
    reply.header('retry-after', '5').header('content-type', 'application/json; charset=utf-8');
    sendError(reply, 'TOO_MANY_STREAMS', sentence);
  }

  #judge(): void {
    for (const { response, caller } of this.#open) {
      if (this.#httpAccess?.mayRead(caller) === false) response.end();
    }
  }

  #closed(stream: OpenStream, address: string): void {
    this.#open.delete(stream);
    if (this.#open.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    const left = (this.#streamsOf.get(address) ?? 1) - 1;
    if (left === 0) this.#streamsOf.delete(address);
    else this.#streamsOf.set(address, left);
  }
}
