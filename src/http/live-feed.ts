import type { ServerResponse } from 'node:http';
import type { AuditEntry } from '../lib/audit.js';
import type { WarningFields } from '../lib/warnings.js';
import { errorAnswer } from './http-answers.js';
import type { HttpRefusalCounts } from './http-refusals.js';
import { type LiveStateSource, liveState } from './live-state.js';

const PERIOD_MS = 1_000;
/** A browser with more unread bytes gets nothing until it has caught up: a later state replaces the earlier ones. */
const MAX_UNREAD_BYTES = 256 * 1024;
/**
 * A browser that was skipped this often in a row is disconnected (a closed lid), so that another can connect. It reconnects
 * automatically.
 */
const MAX_SKIPPED = 60;
/** How many of the earlier warnings a new stream gets. */
const EARLIER_WARNINGS = 50;

export interface LiveFeedOptions {
  /** The period of the states; a second by default. */
  readonly periodMs?: number;
  readonly logger?: HttpLogger;
  readonly refusals: HttpRefusalCounts;
}

/** The part of the gateway's logger that the HTTP side needs. */
export interface HttpLogger {
  error(fields: WarningFields, sentence: string): void;
  audit(entry: AuditEntry): void;
}

interface Stream {
  readonly response: ServerResponse;
  /** The number of the last warning that was sent. */
  warningSeq: number;
  /** How often it was skipped in a row. */
  skipped: number;
}

/** The bytes for a stream, and the number of the last warning in them. */
interface Frames {
  readonly bytes: Buffer;
  readonly warningSeq: number;
}

/**
 * Sends server-sent events: `history` (StageHistory of the last three minutes) first, `state` (LiveState) once per period, `warnings` (the new ones, oldest first) before the state
 * they came with, and `failure` (an error body) when the gateway cannot give its state. The state is built once per period
 * and shared by all streams; without a stream nothing is built. A `warnings` event has an id, which a browser sends when
 * it reconnects: it gets no warning twice and misses none that is still kept.
 */
export class LiveFeed {
  readonly #source: LiveStateSource;
  readonly #periodMs: number;
  readonly #logger: HttpLogger | undefined;
  readonly #refusals: HttpRefusalCounts;
  readonly #streams = new Set<Stream>();
  #timer: NodeJS.Timeout | undefined;
  readonly #failing = new Set<'history' | 'state' | 'warnings'>();

  constructor(source: LiveStateSource, { periodMs = PERIOD_MS, logger, refusals }: LiveFeedOptions) {
    this.#source = source;
    this.#periodMs = periodMs;
    this.#logger = logger;
    this.#refusals = refusals;
  }

  /**
   * Sends the current state at once. The feed owns the response from now on.
   *
   * @param lastId the id of the last event that this browser received, as the browser sends it
   */
  add(response: ServerResponse, lastId?: string): void {
    const stream = { response, warningSeq: this.#seqBefore(lastId), skipped: 0 };
    this.#streams.add(stream);
    response.on('close', () => this.#remove(stream));
    response.on('error', () => this.#remove(stream));
    response.write(`retry: ${this.#periodMs}\n\n`);
    response.write(this.#built('history', () => frame('history', this.#source.view.history('3m'))));
    this.#send(stream, this.#framesBySeq());
    this.#timer ??= setInterval(() => this.#sendAll(), this.#periodMs);
  }

  /** Ends every stream. Bytes that a slow browser has not read are lost when the server closes its connection. */
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
      stream.skipped += 1;
      if (stream.skipped <= MAX_SKIPPED) return;
      this.#refusals['reads-too-slowly'] += 1;
      this.#remove(stream);
      response.destroy();
      return;
    }
    const { bytes, warningSeq } = framesAfter(stream.warningSeq);
    response.write(bytes);
    stream.warningSeq = warningSeq;
    stream.skipped = 0;
  }

  /** The current bytes for a stream by its last warning; streams with the same last warning share them. */
  #framesBySeq(): (seq: number) => Frames {
    const state = this.#built('state', () => frame('state', liveState(this.#source, true)));
    const bySeq = new Map<number, Frames>();
    return (seq) => {
      let frames = bySeq.get(seq);
      if (frames === undefined) {
        frames = this.#frames(seq, state);
        bySeq.set(seq, frames);
      }
      return frames;
    };
  }

  #frames(seq: number, state: string): Frames {
    let warningSeq = seq;
    const warnings = this.#built('warnings', () => {
      const lines = this.#source.view.warnings(seq);
      warningSeq = lines.at(-1)?.seq ?? seq;
      return lines.length === 0 ? '' : frame('warnings', lines, this.#idOf(warningSeq));
    });
    return { bytes: Buffer.from(warnings + state), warningSeq };
  }

  /** A failure repeats every second, so it is logged only when it begins. */
  #built(what: 'history' | 'state' | 'warnings', build: () => string): string {
    try {
      const events = build();
      this.#failing.delete(what);
      return events;
    } catch (thrown) {
      if (!this.#failing.has(what))
        this.#logger?.error({ code: 'HTTP_FAILED', err: thrown }, `the live page gets no ${what}`);
      this.#failing.add(what);
      return frame('failure', errorAnswer(thrown).body);
    }
  }

  /** Each start of the gateway counts from 1, so the start is part of the id. */
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
      return 0; // The events, which are built next, contain the failure.
    }
  }
}

/** Formats one event. JSON contains no line feed, so one `data` line holds it. */
function frame(kind: 'history' | 'state' | 'warnings' | 'failure', content: unknown, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${kind}\ndata: ${JSON.stringify(content)}\n\n`;
}
