import type { OutletStatus } from '../../stream.js';

export const HEALTHY: OutletStatus = { state: 'healthy', detail: '' };

const RANK: Readonly<Record<OutletStatus['state'], number>> = { healthy: 0, retrying: 1, misconfigured: 2 };

/** Of several that have to be healthy together; the first of the worst. */
export function worstStatus(statuses: readonly OutletStatus[]): OutletStatus {
  let worst = HEALTHY;
  for (const status of statuses) if (RANK[status.state] > RANK[worst.state]) worst = status;
  return worst;
}
