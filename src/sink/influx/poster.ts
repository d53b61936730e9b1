import { type BackOff, backOffMs } from '../../back-off.js';
import type { Clock } from '../../clock.js';
import type { LimitedWarning } from '../../limited-warning.js';
import type { Pause } from '../../pause.js';
import type { Verdict } from './bisect.js';
import { writePath } from './endpoints.js';
import type { InfluxSettings } from './influx-options.js';
import { actionFor, refusedLines, storeWords } from './response.js';
import { retryAfterMs } from './retry-after.js';
import { pauseUnlessAborted } from './sink-aborted.js';
import type { StatusBoard } from './status-board.js';
import type { StoreWarning } from './store-warning.js';
import type { InfluxTransport, StoreAnswer, StoreSilence } from './transport.js';

/** Mends itself: looked at every few seconds, so that fresh points flow soon after the store is back. */
export const AVAILABILITY_BACK_OFF: BackOff = { baseMs: 100, capMs: 4_000 };
/** Needs a person. */
export const CONFIGURATION_BACK_OFF: BackOff = { baseMs: 1_000, capMs: 60_000 };

export interface PosterParts {
  readonly settings: InfluxSettings;
  readonly transport: InfluxTransport;
  readonly board: StatusBoard;
  readonly warning: LimitedWarning<StoreWarning>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly pause: Pause;
}

/** Sends requests until the store has decided about their lines, however long that takes. */
export class Poster {
  readonly #parts: PosterParts;
  readonly #path: string;
  readonly #name: string;
  #requests = 0;
  #retries = 0;
  #bytesSent = 0;
  #busyMs = 0;

  constructor(parts: PosterParts) {
    this.#parts = parts;
    this.#path = writePath(parts.settings);
    this.#name = `InfluxDB at ${parts.settings.url.origin}`;
  }

  counters(): { requests: number; retries: number; bytesSent: number; busyMs: number } {
    return {
      requests: this.#requests,
      retries: this.#retries,
      bytesSent: this.#bytesSent,
      busyMs: this.#busyMs,
    };
  }

  /** Rejects only with SINK_ABORTED. `lane` names where the status is shown. */
  async post(lines: readonly string[], lane: string, signal: AbortSignal): Promise<Verdict> {
    const { board, pause, random } = this.#parts;
    const body = lines.join('\n');
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#send(body, signal);
      const action = answer.kind === 'silence' ? 'retry' : actionFor(answer.status, answer.body);
      if (action === 'written') {
        board.clear(lane);
        return { kind: 'written' };
      }
      if (action === 'bisect' && answer.kind === 'answer') {
        const named =
          this.#parts.settings.version === 3 ? refusedLines(answer.json, lines.length) : undefined;
        return { kind: 'refused', reason: wordsOf(answer), lines: named };
      }
      if (action === 'split' && answer.kind === 'answer')
        return { kind: 'too-large', reason: wordsOf(answer) };
      const isConfiguration = action === 'configuration';
      const backOff = isConfiguration ? CONFIGURATION_BACK_OFF : AVAILABILITY_BACK_OFF;
      const asked = answer.kind === 'answer' ? answer.retryAfter : undefined;
      const waitMs = Math.max(backOffMs(attempt + 1, backOff, random), retryAfterMs(asked));
      const sentence = this.#sentence(answer, isConfiguration);
      board.set(lane, isConfiguration ? 'misconfigured' : 'retrying', sentence);
      this.#warn(answer, isConfiguration, { attempt, waitMs: Math.round(waitMs) }, sentence);
      await pauseUnlessAborted(pause, waitMs, signal);
      this.#retries++;
    }
  }

  async #send(body: string, signal: AbortSignal): Promise<StoreAnswer | StoreSilence> {
    const { transport, clock } = this.#parts;
    const startedAtMs = clock.monotonicMs();
    this.#requests++;
    this.#bytesSent += Buffer.byteLength(body);
    try {
      return await transport.post(
        { path: this.#path, body, contentType: 'text/plain; charset=utf-8' },
        signal,
      );
    } finally {
      this.#busyMs += clock.monotonicMs() - startedAtMs;
    }
  }

  #sentence(answer: StoreAnswer | StoreSilence, isConfiguration: boolean): string {
    if (answer.kind === 'silence')
      return `${this.#name} does not answer (${answer.reason}); trying again, nothing is lost`;
    const said = `(${answer.status}: ${wordsOf(answer)})`;
    const { version, database } = this.#parts.settings;
    if (isConfiguration && answer.status === 404) {
      const place = version === 2 ? 'bucket' : 'database';
      return `${this.#name} does not know the ${place} "${database}" ${said}; create it or correct sink.influx, nothing is lost`;
    }
    if (isConfiguration) {
      const keys = version === 1 ? 'sink.influx.username and password' : 'sink.influx.token';
      return `${this.#name} does not let the gateway in ${said}; correct ${keys}, nothing is lost`;
    }
    if (answer.status < 400) {
      return `${this.#name} answered as no InfluxDB does ${said}; is something else at this address? Trying again, nothing is lost`;
    }
    return `${this.#name} cannot take points now ${said}; trying again, nothing is lost`;
  }

  #warn(
    answer: StoreAnswer | StoreSilence,
    isConfiguration: boolean,
    fields: Record<string, unknown>,
    sentence: string,
  ): void {
    const status = answer.kind === 'answer' ? answer.status : undefined;
    const code = isConfiguration
      ? 'STORE_CONFIGURATION'
      : status !== undefined && status < 400
        ? 'STORE_UNEXPECTED'
        : 'STORE_UNAVAILABLE';
    this.#parts.warning.say(code, { url: this.#parts.settings.url.origin, status, ...fields }, sentence);
  }
}

function wordsOf(answer: StoreAnswer): string {
  return storeWords(answer.status, answer.body, answer.json);
}
