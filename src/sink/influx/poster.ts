import { type BackOff, backOffMs } from '../../lib/back-off.js';
import { MAX_SHORT_ANSWER_BYTES } from '../../lib/bounded-answer.js';
import type { Clock } from '../../lib/clock.js';
import type { LimitedWarning } from '../../lib/limited-warning.js';
import { printable } from '../../lib/printable.js';
import type { Pause } from '../../lib/timers.js';
import type { WarningCode } from '../../lib/warnings.js';
import type { Verdict } from './chunk-port.js';
import { type InfluxSettings, writePath } from './influx-options.js';
import { probeProblem, probeRequest } from './probe-request.js';
import {
  actionFor,
  isPolicyMissing,
  rejectedLines,
  retryAfterMs,
  storeMessage,
  storeText,
} from './response.js';
import type { StatusBoard, StoreProblem } from './status-board.js';
import { type InfluxTransport, type NoAnswer, pauseUnlessAborted, type StoreAnswer } from './transport.js';
import { namedConflict } from './type-conflict.js';

/** For outages, which end without the operator: short, so that points flow soon after the store is back. */
export const AVAILABILITY_BACK_OFF: BackOff = { baseMs: 100, capMs: 4_000 };
/** For a wrong configuration, which only the operator can fix. */
export const CONFIGURATION_BACK_OFF: BackOff = { baseMs: 1_000, capMs: 60_000 };

const MAX_ADDRESS_CHARACTERS = 200;
const NS_PER_MS = 1_000_000n;
/** InfluxDB 3 names every refused line in its answer, with a text that is seldom longer. */
const LINE_PROBLEM_BYTES = 512;

/** Codes of the sink's warnings. */
export type StoreWarning = Extract<WarningCode, `STORE_${string}`>;

export interface PosterParts {
  readonly settings: InfluxSettings;
  readonly transport: InfluxTransport;
  readonly board: StatusBoard;
  readonly warning: LimitedWarning<StoreWarning>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly pause: Pause;
}

/** Sends write requests, and repeats each until the store has accepted or refused its lines, however long that takes. */
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

  /**
   * Resolves with the store's verdict about the lines. Rejects only with SINK_ABORTED.
   *
   * @param source names the queue on the status board
   */
  async post(lines: readonly string[], source: string, signal: AbortSignal): Promise<Verdict> {
    const { board, pause, random } = this.#parts;
    const body = lines.join('\n');
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#send(body, lines.length, signal);
      const verdict = this.#verdictOf(answer, lines.length);
      if (verdict !== undefined) {
        board.answered();
        if (verdict.kind === 'written') board.clear(source);
        return verdict;
      }
      const isConfiguration =
        answer.kind === 'answer' && actionFor(answer.status, answer.body) === 'configuration';
      const backOff = isConfiguration ? CONFIGURATION_BACK_OFF : AVAILABILITY_BACK_OFF;
      const waitMs = Math.max(backOffMs(attempt + 1, backOff, random), this.#retryAfterMs(answer));
      const sentence = this.#sentence(answer, isConfiguration);
      board.set(source, {
        ...problemOf(answer, isConfiguration, sentence),
        nextTryMs: this.#nowMs() + Math.round(waitMs),
      });
      this.#warn(answer, isConfiguration, { attempt, waitMs: Math.round(waitMs) }, sentence);
      await pauseUnlessAborted(pause, waitMs, signal);
      this.#retries++;
    }
  }

  /** Asks without a line whether the store would take points, and shows the answer on the status board. */
  async probe(signal: AbortSignal): Promise<void> {
    const { transport, board, settings } = this.#parts;
    const answer = await transport.post(probeRequest(settings), signal);
    const state = answer.kind === 'no-answer' ? 'retrying' : probeProblem(settings, answer);
    if (state === undefined) {
      board.probed(undefined);
      return;
    }
    const isConfiguration = state === 'misconfigured';
    const sentence = this.#sentence(answer, isConfiguration);
    board.probed(problemOf(answer, isConfiguration, sentence));
    this.#warn(answer, isConfiguration, { isProbe: true }, sentence);
  }

  async #send(body: string, lineCount: number, signal: AbortSignal): Promise<StoreAnswer | NoAnswer> {
    const { transport, clock, settings } = this.#parts;
    const startedAtMs = clock.monotonicMs();
    this.#requests++;
    const bytes = Buffer.byteLength(body);
    this.#bytesSent += bytes;
    // Version 3 repeats the refused lines; JSON can double a line by escaping it.
    const maxErrorBytes =
      settings.version === 3
        ? MAX_SHORT_ANSWER_BYTES + 2 * bytes + LINE_PROBLEM_BYTES * lineCount
        : MAX_SHORT_ANSWER_BYTES;
    try {
      return await transport.post(
        { path: this.#path, body, contentType: 'text/plain; charset=utf-8', maxErrorBytes },
        signal,
      );
    } finally {
      this.#busyMs += clock.monotonicMs() - startedAtMs;
    }
  }

  #retryAfterMs(answer: StoreAnswer | NoAnswer): number {
    if (answer.kind === 'no-answer') return 0;
    return retryAfterMs(answer.retryAfter, this.#nowMs());
  }

  #nowMs(): number {
    return Number(this.#parts.clock.nowNs() / NS_PER_MS);
  }

  /** Returns undefined while the request has to be repeated. */
  #verdictOf(answer: StoreAnswer | NoAnswer, lineCount: number): Verdict | undefined {
    if (answer.kind === 'no-answer') return undefined;
    switch (actionFor(answer.status, answer.body)) {
      case 'written':
        return { kind: 'written' };
      case 'bisect': {
        const isVersion3 = this.#parts.settings.version === 3;
        const lines = isVersion3 ? rejectedLines(answer.json, lineCount) : undefined;
        return {
          kind: 'refused',
          reason: storeMessage(answer),
          ...(isVersion3 ? { lines } : { conflict: namedConflict(storeText(answer)) }),
        };
      }
      case 'split':
        return { kind: 'too-large', reason: storeMessage(answer) };
      case 'configuration':
      case 'retry':
        return undefined;
    }
  }

  #sentence(answer: StoreAnswer | NoAnswer, isConfiguration: boolean): string {
    if (answer.kind === 'no-answer') {
      return `${this.#name} does not answer (${answer.reason}); trying again, nothing is lost`;
    }
    const words = storeMessage(answer);
    const message = `(${answer.status}: ${words})`;
    if (answer.isWebPage) {
      return `${this.#name} answered as no InfluxDB does ${message}; is something else at this address? Trying again, nothing is lost`;
    }
    const { version, database, org, retentionPolicy } = this.#parts.settings;
    if (isConfiguration && answer.status === 404 && version === 2 && /\borgani[sz]ation\b/i.test(words)) {
      return `${this.#name} does not know the organisation "${org}", or the token is not for it ${message}; correct sink.influx.org, nothing is lost`;
    }
    if (isConfiguration && answer.status === 404) {
      const what = version === 2 ? 'bucket' : 'database';
      return `${this.#name} does not know the ${what} "${database}" ${message}; create it (\`sluice store prepare\`) or correct sink.influx, nothing is lost`;
    }
    if (isConfiguration && isPolicyMissing(answer.status, answer.body)) {
      return `${this.#name} has no retention policy "${retentionPolicy}" in the database "${database}" ${message}; create it (\`sluice store prepare\`) or correct the configuration, nothing is lost`;
    }
    if (isConfiguration) {
      const keys = version === 1 ? 'sink.influx.username and password' : 'sink.influx.token';
      return `${this.#name} does not let the gateway in ${message}; correct ${keys}, nothing is lost`;
    }
    if (answer.movedTo !== undefined) {
      const target = printable(answer.movedTo, MAX_ADDRESS_CHARACTERS);
      return `${this.#name} answered ${answer.status} to ${target}: set sink.influx.url to it; redirects are not followed. Trying again, nothing is lost`;
    }
    if (answer.status < 400) {
      return `${this.#name} answered as no InfluxDB does ${message}; is something else at this address? Trying again, nothing is lost`;
    }
    return `${this.#name} cannot take points now ${message}; trying again, nothing is lost`;
  }

  #warn(
    answer: StoreAnswer | NoAnswer,
    isConfiguration: boolean,
    fields: Record<string, unknown>,
    sentence: string,
  ): void {
    const status = answer.kind === 'answer' ? answer.status : undefined;
    const code = warningCodeFor(status, isConfiguration);
    this.#parts.warning.log(code, { url: this.#parts.settings.url.origin, status, ...fields }, sentence);
  }
}

function warningCodeFor(status: number | undefined, isConfiguration: boolean): StoreWarning {
  if (isConfiguration) return 'STORE_CONFIGURATION';
  return status !== undefined && status < 400 ? 'STORE_UNEXPECTED' : 'STORE_UNAVAILABLE';
}

function problemOf(answer: StoreAnswer | NoAnswer, isConfiguration: boolean, detail: string): StoreProblem {
  if (isConfiguration) return { state: 'misconfigured', trouble: 'configuration', detail };
  return { state: 'retrying', trouble: answer.kind === 'no-answer' ? 'no-answer' : 'unavailable', detail };
}
