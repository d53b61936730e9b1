import type { ReadinessNote } from '../http/gateway-view.js';
import type { StatusParts } from './status-parts.js';

/**
 * Returns what somebody should know although the gateway is ready. A problem of the windows is one of these: records go on
 * their way and points are stored whatever the windows do, so a load balancer must not take the gateway out for it.
 */
export function readinessNotes({ clockWatch, workers }: StatusParts): readonly ReadinessNote[] {
  const problem = workers.consume?.report.windows?.problem ?? '';
  return [...clockWatch.notes(), ...(problem === '' ? [] : [{ stage: 'windows' as const, note: problem }])];
}
