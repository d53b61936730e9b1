import type { SinkStatus } from '../sink.js';

const HEALTHY: SinkStatus = { state: 'healthy', detail: '' };
const UNTRIED: SinkStatus = { state: 'untried', detail: 'the store has not been tried yet' };
/** The source of problems that a probe has found while nothing was written. */
const PROBE = 'probe';

/**
 * The one status of the store: collects the problems of all requests that run at the same time, and of the probes in
 * between, and reports the worst: a misconfiguration before an outage.
 */
export class StatusBoard {
  readonly #problems = new Map<string, SinkStatus>();
  #isTried = false;

  /** Sets the problem of one source, such as a queue of lines. */
  set(source: string, state: Exclude<SinkStatus['state'], 'healthy' | 'untried'>, detail: string): void {
    this.#isTried = true;
    this.#problems.set(source, { state, detail });
  }

  clear(source: string): void {
    this.#problems.delete(source);
  }

  /** The store has taken or refused lines: whatever a probe has found before is over. */
  answered(): void {
    this.#isTried = true;
    this.#problems.delete(PROBE);
  }

  /** What a probe has found; without a problem the store would take points. */
  probed(
    problem: (Pick<SinkStatus, 'detail'> & { readonly state: 'retrying' | 'misconfigured' }) | undefined,
  ): void {
    if (problem === undefined) this.answered();
    else this.set(PROBE, problem.state, problem.detail);
  }

  status(): SinkStatus {
    if (!this.#isTried) return UNTRIED;
    let worst = HEALTHY;
    for (const problem of this.#problems.values()) {
      if (problem.state === 'misconfigured') return problem;
      worst = problem;
    }
    return worst;
  }
}
