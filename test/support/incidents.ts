import type { Incident } from '../../src/timeline/incident.js';

/** An outage of the store that goes on, of which a test names only what matters to it. */
export function incident(known: Partial<Incident> = {}): Incident {
  const fromMs = known.fromMs ?? Date.now() - 1_347_000;
  return {
    id: 'outage',
    cause: 'store-no-answer',
    stage: 'sink',
    title: 'InfluxDB does not answer',
    level: 'slow',
    state: 'failing',
    fromMs,
    waited: 43_104,
    lost: 0,
    tries: 47,
    warnings: ['STORE_UNAVAILABLE'],
    events: [{ atMs: fromMs, text: 'InfluxDB refuses the connection' }],
    ...known,
  };
}
