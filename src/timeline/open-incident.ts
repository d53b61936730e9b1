import { printable } from '../lib/printable.js';
import { CAUSE_FACTS } from './cause-facts.js';
import type { Incident, IncidentCause, IncidentEvent } from './incident.js';

/** An incident that lasts for a month must not grow: its first events say how it began, its last ones how it stands. */
const MAX_EVENTS = 16;
const FIRST_EVENTS = 6;
const MAX_EVENT_CHARACTERS = 200;
const MAX_DETAIL_CHARACTERS = 500;
const MAX_SUBJECT_CHARACTERS = 120;
const MAX_CODES = 10;

/** What is found wrong with one thing. */
export interface Failure {
  readonly cause: IncidentCause;
  /** What stands for `%` in the title. */
  readonly subject: string;
  readonly detail: string;
  readonly nextTryMs?: number;
}

/** An incident while it goes on, as it is saved: the parts of `Incident` that change, and what is needed to end it. */
export interface OpenIncidentState {
  readonly key: string;
  readonly cause: IncidentCause;
  readonly subject: string;
  readonly detail: string;
  readonly nextTryMs?: number;
  readonly fromMs: number;
  readonly recoveredMs?: number;
  /** How many records were received when the cause was gone: with them everything that it has held up is stored. */
  readonly receivedAtRecovery?: number;
  readonly hasHeldUp: boolean;
  readonly hasFilledLog: boolean;
  readonly waited: number;
  readonly lost: number;
  readonly tries: number;
  readonly warnings: readonly string[];
  readonly events: readonly IncidentEvent[];
}

/** One incident that goes on. Its texts come from stores and devices: they are escaped and cut as in the log. */
export class OpenIncident {
  #state: OpenIncidentState;

  constructor(state: OpenIncidentState) {
    this.#state = state;
  }

  static begin(key: string, failure: Failure, atMs: number): OpenIncident {
    const { holdsUp } = CAUSE_FACTS[failure.cause];
    const incident = new OpenIncident({
      ...textsOf(failure),
      key,
      fromMs: atMs,
      hasHeldUp: holdsUp,
      hasFilledLog: false,
      waited: 0,
      lost: 0,
      tries: 0,
      warnings: [],
      events: [],
    });
    incident.add(atMs, failure.detail);
    return incident;
  }

  get state(): OpenIncidentState {
    return this.#state;
  }

  get facts() {
    return CAUSE_FACTS[this.#state.cause];
  }

  get isCatchingUp(): boolean {
    return this.#state.recoveredMs !== undefined;
  }

  add(atMs: number, text: string): void {
    const events = [...this.#state.events, { atMs, text: printable(text, MAX_EVENT_CHARACTERS) }];
    if (events.length > MAX_EVENTS) events.splice(FIRST_EVENTS, events.length - MAX_EVENTS);
    this.#state = { ...this.#state, events };
  }

  /** It still fails, or fails again, perhaps for another cause. Returns whether that is worth saving. */
  fail(failure: Failure, atMs: number): boolean {
    const { cause, hasHeldUp } = this.#state;
    const isOther = cause !== failure.cause;
    const wasOver = this.isCatchingUp;
    if (wasOver || isOther) this.add(atMs, failure.detail);
    this.#state = {
      ...this.#state,
      ...textsOf(failure),
      recoveredMs: undefined,
      receivedAtRecovery: undefined,
      hasHeldUp: hasHeldUp || CAUSE_FACTS[failure.cause].holdsUp,
    };
    return wasOver || isOther;
  }

  recover(atMs: number, received: number): void {
    const { again } = this.facts;
    if (again !== undefined) this.add(atMs, this.#named(again));
    this.#state = { ...this.#state, recoveredMs: atMs, receivedAtRecovery: received, nextTryMs: undefined };
  }

  /** Counts what has waited and was lost since the last call. Returns whether these are the first that wait. */
  count(waiting: number, lost: number): boolean {
    const { waited } = this.#state;
    const { holdsUp, mayLose } = this.facts;
    this.#state = {
      ...this.#state,
      waited: holdsUp ? Math.max(waited, waiting) : waited,
      lost: this.#state.lost + (mayLose ? lost : 0),
    };
    return waited === 0 && this.#state.waited > 0;
  }

  countTries(tries: number): void {
    this.#state = { ...this.#state, tries: this.#state.tries + tries };
  }

  fillLog(atMs: number, isFull: boolean): void {
    if (isFull === this.#state.hasFilledLog) return;
    this.add(atMs, isFull ? 'The log is full: devices are made to wait' : 'The log has room again');
    this.#state = { ...this.#state, hasFilledLog: isFull };
  }

  link(code: string): void {
    const { warnings } = this.#state;
    if (warnings.includes(code) || warnings.length >= MAX_CODES) return;
    this.#state = { ...this.#state, warnings: [...warnings, code] };
  }

  view(): Incident {
    const { key, cause, fromMs, recoveredMs, nextTryMs, detail } = this.#state;
    const { waited, lost, tries, warnings, events, hasFilledLog } = this.#state;
    const { stage, level, now, over, again } = this.facts;
    const title = this.isCatchingUp && again !== undefined ? `${again}; catching up` : now;
    return {
      id: `${fromMs}-${key}`,
      cause,
      stage,
      title: this.#named(this.isCatchingUp && again === undefined ? over : title),
      level: hasFilledLog ? 'stopped' : level,
      state: this.isCatchingUp ? 'catching-up' : 'failing',
      fromMs,
      ...(recoveredMs !== undefined && { recoveredMs }),
      waited,
      lost,
      tries,
      ...(nextTryMs !== undefined && { nextTryMs }),
      ...(detail !== '' && { detail }),
      warnings,
      events,
    };
  }

  /** The incident at its end. `caughtUpMs`: when what it had held up was stored. */
  ended(toMs: number, caughtUpMs?: number): Incident {
    const { nextTryMs: _, ...view } = this.view();
    // A clock that was set back meanwhile must not make it end before it began.
    const notBefore = (ms: number) => Math.max(view.fromMs, ms);
    return {
      ...view,
      title: this.#named(this.facts.over),
      state: 'over',
      toMs: notBefore(toMs),
      ...(caughtUpMs !== undefined && { caughtUpMs: notBefore(caughtUpMs) }),
    };
  }

  #named(words: string): string {
    return words.replace('%', () => this.#state.subject);
  }
}

function textsOf({ cause, subject, detail, nextTryMs }: Failure) {
  return {
    cause,
    nextTryMs,
    subject: printable(subject, MAX_SUBJECT_CHARACTERS),
    detail: printable(detail, MAX_DETAIL_CHARACTERS),
  };
}
