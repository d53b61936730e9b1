import { AnswerError, failureOf, getJson, noAnswer, SIGN_IN_NEEDED } from './poll.js';

/** @import { Failure, LiveState, StageHistory, WarningView } from './types.js' */

/**
 * @typedef {object} LiveListener
 * @property {(before: StageHistory) => void} onBefore
 * @property {(state: LiveState) => void} onState
 * @property {(warnings: readonly WarningView[]) => void} onWarnings
 * @property {(failure: Failure) => void} onSilence
 */

/** A state comes every second. After this long without one the connection counts as dead. */
const SILENT_AFTER_MS = 6_000;
const POLL_EVERY_MS = 1_000;
/** While polling, the page tries the stream again this often. */
const STREAM_AGAIN_MS = 20_000;

/**
 * Receives the state of the gateway once a second: by server-sent events, for which the browser reconnects
 * automatically, or by polling where no stream is possible (an old browser, a proxy, too many open pages). Nothing is
 * asked while the tab is hidden.
 *
 * `onBefore(before)` gets the rates of the last minutes when a stream begins.
 * `onState(state)` gets the LiveState of the API.
 * `onWarnings(warnings)` gets warnings oldest first, before the state they came with; after a reconnect some come again.
 * `onSilence(failure)` gets an AnswerError each time an answer failed.
 */
export class LiveFeed {
  #listener;
  /** @type {EventSource | null} */
  #source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #watchdog;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pollTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #streamTimer;
  /** Raised to make an answer that is still on its way count as outdated. */
  #generation = 0;
  #warningSeq = 0;
  #startedAtMs = 0;

  /** @param {LiveListener} listener */
  constructor(listener) {
    this.#listener = listener;
    document.addEventListener('visibilitychange', () => (document.hidden ? this.#close() : this.#open()));
    if (!document.hidden) this.#open();
  }

  #open() {
    this.#close();
    if (typeof EventSource === 'undefined') {
      void this.#poll(this.#generation);
      return;
    }
    this.#connect();
  }

  #close() {
    this.#generation += 1;
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#watchdog);
    clearTimeout(this.#pollTimer);
    clearTimeout(this.#streamTimer);
  }

  #connect() {
    const source = new EventSource('/api/live');
    this.#source = source;
    source.addEventListener('history', ({ data }) => this.#listener.onBefore(JSON.parse(data)));
    source.addEventListener('warnings', ({ data }) => this.#takeWarnings(JSON.parse(data)));
    source.addEventListener('state', ({ data }) => {
      this.#watch();
      this.#stopPolling();
      this.#takeState(JSON.parse(data));
    });
    source.addEventListener('failure', ({ data }) => {
      this.#watch();
      const { code, reason } = JSON.parse(data);
      this.#listener.onSilence(new AnswerError(code, reason));
    });
    source.addEventListener('error', () => this.#lost(source));
    this.#watch();
  }

  /** @param {EventSource} source */
  #lost(source) {
    // CONNECTING: the browser already reconnects. CLOSED: the gateway refused, and the browser gives up.
    if (source.readyState === EventSource.CLOSED) this.#fallBack();
    else this.#listener.onSilence(noAnswer());
  }

  #watch() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#fallBack(), SILENT_AFTER_MS);
  }

  #fallBack() {
    this.#close();
    this.#streamTimer = setTimeout(() => this.#connect(), STREAM_AGAIN_MS);
    void this.#poll(this.#generation);
  }

  #stopPolling() {
    this.#generation += 1;
    clearTimeout(this.#pollTimer);
  }

  /** @param {number} generation @returns {Promise<void>} */
  async #poll(generation) {
    try {
      const [state, { warnings }] = await Promise.all([
        /** @type {Promise<LiveState>} */ (getJson('/api/state')),
        /** @type {Promise<{ warnings: readonly WarningView[] }>} */ (
          getJson('/api/warnings', { after: String(this.#warningSeq) })
        ),
      ]);
      if (generation !== this.#generation) return;
      if (warnings.length > 0) this.#takeWarnings(warnings);
      this.#takeState(state);
    } catch (thrown) {
      if (generation !== this.#generation) return;
      const failure = failureOf(thrown);
      this.#listener.onSilence(failure);
      // Who signs in loads the page again; another tab that does is noticed by the next stream.
      if (failure.code === SIGN_IN_NEEDED) return;
    }
    this.#pollTimer = setTimeout(() => this.#poll(generation), POLL_EVERY_MS);
  }

  /** @param {readonly WarningView[]} warnings */
  #takeWarnings(warnings) {
    this.#warningSeq = warnings.at(-1)?.seq ?? this.#warningSeq;
    this.#listener.onWarnings(warnings);
  }

  /** @param {LiveState} state */
  #takeState(state) {
    // A restarted gateway counts its warnings from 1.
    if (this.#startedAtMs !== 0 && state.startedAtMs !== this.#startedAtMs) this.#warningSeq = 0;
    this.#startedAtMs = state.startedAtMs;
    this.#listener.onState(state);
  }
}
