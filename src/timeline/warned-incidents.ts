import type { RecentWarning } from '../lib/recent-warnings.js';
import { BY_WARNING, CAUSE_FACTS } from './cause-facts.js';
import type { Incident, IncidentCause } from './incident.js';
import { OpenIncident } from './open-incident.js';

export type SeenWarning = Pick<RecentWarning, 'atMs' | 'code' | 'sentence'>;

interface Warned {
  readonly incident: OpenIncident;
  readonly lastMs: number;
  readonly lastMonotonicMs: number;
  readonly forMs: number;
}

/** The incidents that only warnings tell of. Each goes on while more of them come, and was over with the last one. */
export class WarnedIncidents {
  readonly #open = new Map<IncidentCause, Warned>();

  /** Returns whether an incident has begun. */
  take({ atMs, code, sentence }: SeenWarning, monotonicMs: number): boolean {
    const of = BY_WARNING.find(({ cause }) => CAUSE_FACTS[cause].codes.test(code));
    if (of === undefined) return false;
    const { cause, forMs } = of;
    const failure = { cause, subject: '', detail: sentence };
    const known = this.#open.get(cause)?.incident;
    const incident = known ?? OpenIncident.begin(cause, failure, atMs);
    incident.fail(failure, atMs);
    incident.link(code);
    this.#open.set(cause, { incident, forMs, lastMs: atMs, lastMonotonicMs: monotonicMs });
    return known === undefined;
  }

  countLost(lost: number): void {
    for (const { incident } of this.#open.values()) incident.count(0, lost);
  }

  /** Ends those of which no warning has come for long enough, and returns them. */
  endSilent(monotonicMs: number): Incident[] {
    const ended: Incident[] = [];
    for (const [cause, { incident, lastMs, lastMonotonicMs, forMs }] of this.#open) {
      if (monotonicMs - lastMonotonicMs < forMs) continue;
      this.#open.delete(cause);
      ended.push(incident.ended(lastMs));
    }
    return ended;
  }

  get open(): readonly OpenIncident[] {
    return [...this.#open.values()].map(({ incident }) => incident);
  }
}
