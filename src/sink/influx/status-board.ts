import type { SinkStatus } from '../sink.js';

type Trouble = Exclude<SinkStatus['state'], 'healthy'>;

const HEALTHY: SinkStatus = { state: 'healthy', detail: '' };

/** The state of each lane and, of all, the worst: what needs a person comes before what mends itself. */
export class StatusBoard {
  readonly #troubles = new Map<string, SinkStatus>();

  set(source: string, state: Trouble, detail: string): void {
    this.#troubles.set(source, { state, detail });
  }

  clear(source: string): void {
    if (this.#troubles.size > 0) this.#troubles.delete(source);
  }

  status(): SinkStatus {
    let worst = HEALTHY;
    for (const trouble of this.#troubles.values()) {
      if (trouble.state === 'misconfigured') return trouble;
      worst = trouble;
    }
    return worst;
  }
}
