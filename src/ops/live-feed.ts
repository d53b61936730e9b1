import type { ServerResponse } from 'node:http';
import { errorAnswer } from './http-answers.js';
import type { HttpLogger } from './http-logger.js';
import { type LiveStateSource, liveState } from './live-state.js';

const EVERY_MS = 1_000;
/** A browser that reads no more is left out until it has caught up: the next state replaces the ones before. */
const MAX_UNREAD_BYTES = 256 * 1024;
/** One that has not read for so long is gone (a closed lid): its place is for another; it comes back by itself. */
const MAX_LEFT_OUT = 60;
/** Of the warnings that came before the stream was opened. */
const EARLIER_WARNINGS = 50;

interface Stream {
  readonly response: ServerResponse;
  /** Of the last warning sent. */
  warningSeq: number;
  /** Times it was left out in a row. */
  leftOut: number;
}

/** Bytes for a stream, and the last warning in them. */
interface Frames {
  readonly bytes: Buffer;
  readonly warningSeq: number;
}

/**
 * Server-sent events: `state` (LiveState) once a second, `warnings` (those that are new, oldest first) before the
 * state they came with, `failure` (an error body) when the gateway cannot say. Made once a second for all
 * streams together, and not at all while there is none. A `warnings` event has an id, which a browser that comes
 * back names: it gets no warning twice and misses none that is still kept.
 */
export class LiveFeed {
  readonly #source: LiveStateSource;
  readonly #logger: HttpLogger | undefined;
  readonly #streams = new Set<Stream>();
  #timer: NodeJS.Timeout | undefined;
  readonly #failing = new Set<'state' | 'warnings'>();

  constructor(source: LiveStateSource, logger?: HttpLogger) {
    this.#source = source;
    this.#logger = logger;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /**
   * Sends at once what there is. The response is this feed's from now on.
   *
   * @param lastId of the last event that this browser has had, as it says
   */
  add(response: ServerResponse, lastId?: string): void {
    const stream = { response, warningSeq: this.#seqBefore(lastId), leftOut: 0 };
    this.#streams.add(stream);
    response.on('close', () => this.#remove(stream));
    response.on('error', () => this.#remove(stream));
    response.write(`retry: ${EVERY_MS}\n\n`);
    this.#send(stream, this.#framesBySeq());
    this.#timer ??= setInterval(() => this.#sendAll(), EVERY_MS);
  }

  /** Ends every stream. What a slow one has not read goes with its connection when the server closes. */
  close(): void {
    for (const { response } of this.#streams) response.end();
    this.#streams.clear();
    this.#stopTimer();
  }

  #remove(stream: Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#stopTimer();
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sendAll(): void {
    const framesAfter = this.#framesBySeq();
    for (const stream of this.#streams) this.#send(stream, framesAfter);
  }

  #send(stream: Stream, framesAfter: (seq: number) => Frames): void {
    const { response } = stream;
    if (response.writableLength > MAX_UNREAD_BYTES) {
      stream.leftOut += 1;
      if (stream.leftOut > MAX_LEFT_OUT) response.destroy();
      return;
    }
    const { bytes, warningSeq } = framesAfter(stream.warningSeq);
    response.write(bytes);
    stream.warningSeq = warningSeq;
    stream.leftOut = 0;
  }

  /** What streams get now, by the last warning they had: made once for those that had the same. */
  #framesBySeq(): (seq: number) => Frames {
    const state = this.#said('state', () => frame('state', liveState(this.#source)));
    const made = new Map<number, Frames>();
    return (seq) => {
      let frames = made.get(seq);
      if (frames === undefined) {
        frames = this.#frames(seq, state);
        made.set(seq, frames);
      }
      return frames;
    };
  }

  #frames(seq: number, state: string): Frames {
    let warningSeq = seq;
    const warnings = this.#said('warnings', () => {
      const lines = this.#source.view.warnings(seq);
      warningSeq = lines.at(-1)?.seq ?? seq;
      return lines.length === 0 ? '' : frame('warnings', lines, this.#idOf(warningSeq));
    });
    return { bytes: Buffer.from(warnings + state), warningSeq };
  }

  /** What fails once fails every second: logged when it begins. */
  #said(what: 'state' | 'warnings', say: () => string): string {
    try {
      const said = say();
      this.#failing.delete(what);
      return said;
    } catch (thrown) {
      if (!this.#failing.has(what))
        this.#logger?.error({ code: 'HTTP_FAILED', err: thrown }, `the live page cannot be told the ${what}`);
      this.#failing.add(what);
      return frame('failure', errorAnswer(thrown).body);
    }
  }

  /** Numbers begin anew with each start, so the start is part of the id. */
  #idOf(warningSeq: number): string {
    return `${this.#source.view.startedAtMs}-${warningSeq}`;
  }

  #seqBefore(lastId: string | undefined): number {
    const [startedAt, seq] = (lastId ?? '').split('-');
    if (Number(startedAt) === this.#source.view.startedAtMs && /^\d{1,15}$/.test(seq ?? ''))
      return Number(seq);
    return Math.max(0, this.#newestSeq() - EARLIER_WARNINGS);
  }

  #newestSeq(): number {
    try {
      return this.#source.view.warnings(0).at(-1)?.seq ?? 0;
    } catch {
      return 0; // The frames, which are made next, say what is wrong.
    }
  }
}

/** JSON has no line feed of its own, so one `data` line holds it. */
function frame(kind: 'state' | 'warnings' | 'failure', content: unknown, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${kind}\ndata: ${JSON.stringify(content)}\n\n`;
}
