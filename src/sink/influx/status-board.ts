import type { SinkStatus } from '../sink.js';

const HEALTHY: SinkStatus = { state: 'healthy', detail: '' };

/** Collects the problems of all requests that run at the same time, and reports the worst: a misconfiguration before an outage. */
export class StatusBoard {
  readonly #problems = new Map<string, SinkStatus>();

  /** Sets the problem of one source, such as a queue of lines. */
  set(source: string, state: Exclude<SinkStatus['state'], 'healthy'>, detail: string): void {
    this.#problems.set(source, { state, detail });
  }

  clear(source: string): void {
    this.#problems.delete(source);
  }

  status(): SinkStatus {
    let worst = HEALTHY;
    for (const problem of this.#problems.values()) {
      if (problem.state === 'misconfigured') return problem;
      worst = problem;
    }
    return worst;
  }
}
