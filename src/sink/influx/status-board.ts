import type { SinkContact, SinkStatus, StoreTrouble } from '../sink.js';

const HEALTHY: SinkStatus = { state: 'healthy', detail: '' };
const UNTRIED: SinkStatus = { state: 'untried', detail: 'the store has not been tried yet' };
/** The source of problems that a probe has found while nothing was written. */
const PROBE = 'probe';

/** A problem of one source. */
export interface StoreProblem {
  readonly state: 'retrying' | 'misconfigured';
  readonly detail: string;
  readonly trouble: StoreTrouble;
  /** ms since 1970; absent where nothing is repeated, or not at a known time. */
  readonly nextTryMs?: number;
}

/**
 * The one status of the store: collects the problems of all requests that run at the same time, and of the probes in
 * between, and reports the worst: a misconfiguration before an outage.
 */
export class StatusBoard {
  readonly #problems = new Map<string, StoreProblem>();
  readonly #nowMs: () => number;
  #isTried = false;
  #lastAnswerMs: number | undefined;

  /** @param nowMs the wall clock */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Sets the problem of one source, such as a queue of lines. */
  set(source: string, problem: StoreProblem): void {
    this.#isTried = true;
    this.#problems.set(source, problem);
  }

  clear(source: string): void {
    this.#problems.delete(source);
  }

  /** The store has taken or refused lines: whatever a probe has found before is over. */
  answered(): void {
    this.#isTried = true;
    this.#lastAnswerMs = this.#nowMs();
    this.#problems.delete(PROBE);
  }

  /** What a probe has found; without a problem the store would take points. */
  probed(problem: StoreProblem | undefined): void {
    if (problem === undefined) this.answered();
    else this.set(PROBE, problem);
  }

  status(): SinkStatus {
    if (!this.#isTried) return UNTRIED;
    const worst = this.#worst();
    return worst === undefined ? HEALTHY : { state: worst.state, detail: worst.detail };
  }

  contact(): SinkContact {
    const { trouble, nextTryMs } = this.#worst() ?? {};
    return { lastAnswerMs: this.#lastAnswerMs, trouble, nextTryMs };
  }

  #worst(): StoreProblem | undefined {
    let worst: StoreProblem | undefined;
    for (const problem of this.#problems.values()) {
      if (problem.state === 'misconfigured') return problem;
      worst = problem;
    }
    return worst;
  }
}
