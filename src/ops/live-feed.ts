import type { ServerResponse } from 'node:http';
import type { WarningView } from './gateway-view.js';
import { errorAnswer } from './http-answers.js';
import { type LiveStateSource, liveState } from './live-state.js';

const EVERY_MS = 1_000;
/** A browser that reads no more is left out until it has caught up: the next state replaces the ones before. */
const MAX_UNREAD_BYTES = 256 * 1024;
/** Of the warnings that came before the stream was opened. */
const EARLIER_WARNINGS = 50;

interface Stream {
  readonly response: ServerResponse;
  warningSeq: number;
}

/**
 * Server-sent events: `state` (LiveState) once a second, `warnings` (those that are new, oldest first) before the
 * state they came with, `failure` (an error body) when the gateway cannot say. Made once a second for all
 * streams together, and not at all while there is none.
 */
export class LiveFeed {
  readonly #source: LiveStateSource;
  readonly #streams = new Set<Stream>();
  #timer: NodeJS.Timeout | undefined;

  constructor(source: LiveStateSource) {
    this.#source = source;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Sends at once what there is. The response is this feed's from now on. */
  add(response: ServerResponse): void {
    const stream: Stream = { response, warningSeq: 0 };
    const newest = this.#source.view.warnings(0).at(-1)?.seq ?? 0;
    stream.warningSeq = Math.max(0, newest - EARLIER_WARNINGS);
    this.#streams.add(stream);
    response.on('close', () => this.#remove(stream));
    response.on('error', () => this.#remove(stream));
    response.write(`retry: ${EVERY_MS}\n\n`);
    this.#send(stream, this.#stateFrame());
    this.#timer ??= setInterval(() => this.#sendAll(), EVERY_MS);
  }

  /** Ends every stream. */
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
    const state = this.#stateFrame();
    for (const stream of this.#streams) this.#send(stream, state);
  }

  #send(stream: Stream, stateFrame: string): void {
    if (stream.response.writableLength > MAX_UNREAD_BYTES) return;
    const warnings = this.#source.view.warnings(stream.warningSeq);
    stream.response.write(warningsFrame(warnings) + stateFrame);
    stream.warningSeq = warnings.at(-1)?.seq ?? stream.warningSeq;
  }

  #stateFrame(): string {
    try {
      return frame('state', liveState(this.#source));
    } catch (thrown) {
      return frame('failure', errorAnswer(thrown).body);
    }
  }
}

function warningsFrame(warnings: readonly WarningView[]): string {
  return warnings.length === 0 ? '' : frame('warnings', warnings);
}

/** JSON has no line feed of its own, so one `data` line holds it. */
function frame(kind: 'state' | 'warnings' | 'failure', content: unknown): string {
  return `event: ${kind}\ndata: ${JSON.stringify(content)}\n\n`;
}
