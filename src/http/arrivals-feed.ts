import type { ServerResponse } from 'node:http';
import type { Arrival, ArrivalsSource, ArrivalsWatch } from '../arrivals/arrival.js';
import type { HttpRefusalCounts } from './http-refusals.js';

const PERIOD_MS = 1_000;
/** A browser with more unread bytes misses messages until it has caught up; they are counted. */
const MAX_UNREAD_BYTES = 256 * 1024;
/** A browser that has read too little for so many periods in a row is disconnected, so that another can connect. */
const MAX_SLOW_PERIODS = 60;
/** A connection on which nothing moves for a minute would be closed. */
const SIGN_OF_LIFE_PERIODS = 15;

export interface ArrivalsFeedOptions {
  /** How often omitted messages are counted; a second by default. */
  readonly periodMs?: number;
  readonly refusals: HttpRefusalCounts;
}

interface Stream {
  readonly response: ServerResponse;
  readonly watch: ArrivalsWatch;
  /** Messages that it had no room for. */
  unsent: number;
  slowPeriods: number;
}

/**
 * Sends server-sent events: `scope` (ArrivalsScope) once, `arrival` (Arrival) for each message and again when more is known
 * of it, `omitted` (`{ count }`) once a second when there were more messages than are shown.
 */
export class ArrivalsFeed {
  readonly #source: ArrivalsSource;
  readonly #periodMs: number;
  readonly #refusals: HttpRefusalCounts;
  readonly #streams = new Set<Stream>();
  #timer: NodeJS.Timeout | undefined;
  #periods = 0;

  constructor(source: ArrivalsSource, { periodMs = PERIOD_MS, refusals }: ArrivalsFeedOptions) {
    this.#source = source;
    this.#periodMs = periodMs;
    this.#refusals = refusals;
  }

  /** The feed owns the response from now on. */
  add(response: ServerResponse, search: string | undefined): void {
    response.write(`retry: ${this.#periodMs}\n\n${frame('scope', this.#source.scope)}`);
    const stream: Stream = {
      response,
      watch: this.#source.watch(search, (arrival) => send(stream, arrival)),
      unsent: 0,
      slowPeriods: 0,
    };
    this.#streams.add(stream);
    response.on('close', () => this.#remove(stream));
    response.on('error', () => this.#remove(stream));
    this.#timer ??= setInterval(() => this.#period(), this.#periodMs);
  }

  /** Ends every stream. */
  close(): void {
    for (const stream of [...this.#streams]) {
      stream.response.end();
      this.#remove(stream);
    }
  }

  #remove(stream: Stream): void {
    if (!this.#streams.delete(stream)) return;
    stream.watch.end();
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #period(): void {
    this.#periods += 1;
    for (const stream of this.#streams) this.#report(stream);
  }

  #report(stream: Stream): void {
    const { response } = stream;
    if (isSlow(response)) {
      stream.slowPeriods += 1;
      if (stream.slowPeriods <= MAX_SLOW_PERIODS) return;
      this.#refusals['reads-too-slowly'] += 1;
      this.#remove(stream);
      response.destroy();
      return;
    }
    stream.slowPeriods = 0;
    const count = stream.watch.takeOmitted() + stream.unsent;
    stream.unsent = 0;
    if (count > 0) response.write(frame('omitted', { count }));
    else if (this.#periods % SIGN_OF_LIFE_PERIODS === 0) response.write(':\n\n');
  }
}

function send(stream: Stream, arrival: Arrival): void {
  if (isSlow(stream.response)) stream.unsent += 1;
  else stream.response.write(frame('arrival', arrival));
}

function isSlow({ writableLength }: ServerResponse): boolean {
  return writableLength > MAX_UNREAD_BYTES;
}

/** Formats one event. JSON contains no line feed, so one `data` line holds it. */
function frame(kind: 'scope' | 'arrival' | 'omitted', content: unknown): string {
  return `event: ${kind}\ndata: ${JSON.stringify(content)}\n\n`;
}
