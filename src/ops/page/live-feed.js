import { AnswerError, getJson, noAnswer } from './poll.js';

/** A state comes every second; so long without one, and the connection is taken for dead. */
const SILENT_AFTER_MS = 6_000;
const POLL_EVERY_MS = 1_000;
/** While polling, the stream is tried again so often. */
const STREAM_AGAIN_MS = 20_000;

/**
 * What the gateway says of itself, once a second: by server-sent events, which the browser connects again by
 * itself; by polling where there is no stream to be had (an old browser, a proxy, too many pages open). Nothing
 * is asked while the tab is hidden.
 *
 * `onState(state)`: LiveState of the API.
 * `onWarnings(warnings)`: oldest first, before the state they came with; after a new connection some come again.
 * `onSilence(failure)`: an AnswerError, each time an answer failed.
 */
export class LiveFeed {
  #listener;
  #source = null;
  #watchdog;
  #pollTimer;
  #streamTimer;
  /** Raised when what is under way is no longer wanted. */
  #turn = 0;
  #warningSeq = 0;
  #startedAtMs = 0;

  constructor(listener) {
    this.#listener = listener;
    document.addEventListener('visibilitychange', () => (document.hidden ? this.#close() : this.#open()));
    if (!document.hidden) this.#open();
  }

  #open() {
    this.#close();
    if (typeof EventSource === 'undefined') {
      this.#poll(this.#turn);
      return;
    }
    this.#connect();
  }

  #close() {
    this.#turn += 1;
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#watchdog);
    clearTimeout(this.#pollTimer);
    clearTimeout(this.#streamTimer);
  }

  #connect() {
    const source = new EventSource('/api/live');
    this.#source = source;
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

  #lost(source) {
    // CONNECTING: the browser is at it already. CLOSED: it was told no and gives up.
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
    this.#poll(this.#turn);
  }

  #stopPolling() {
    this.#turn += 1;
    clearTimeout(this.#pollTimer);
  }

  async #poll(turn) {
    try {
      const [state, { warnings }] = await Promise.all([
        getJson('/api/state'),
        getJson('/api/warnings', { after: String(this.#warningSeq) }),
      ]);
      if (turn !== this.#turn) return;
      if (warnings.length > 0) this.#takeWarnings(warnings);
      this.#takeState(state);
    } catch (failure) {
      if (turn !== this.#turn) return;
      this.#listener.onSilence(failure);
    }
    this.#pollTimer = setTimeout(() => this.#poll(turn), POLL_EVERY_MS);
  }

  #takeWarnings(warnings) {
    this.#warningSeq = warnings.at(-1).seq;
    this.#listener.onWarnings(warnings);
  }

  #takeState(state) {
    // Started anew, the gateway counts its warnings from 1.
    if (this.#startedAtMs !== 0 && state.startedAtMs !== this.#startedAtMs) this.#warningSeq = 0;
    this.#startedAtMs = state.startedAtMs;
    this.#listener.onState(state);
  }
}
