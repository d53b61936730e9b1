import type { ReadinessNote } from '../http/gateway-view.js';
import type { StatusParts } from './status-parts.js';

/**
 * Returns what somebody should know although the gateway is ready. Windows that cannot be computed or written are one of
 * these: records go on their way and points are stored, so a load balancer must not take the gateway out for it. Only where
 * points wait for the windows is it a problem of readiness.
 */
export function readinessNotes({ access, clockWatch, tls, workers }: StatusParts): readonly ReadinessNote[] {
  const { problem = '', blockedBy } = workers.consume?.report.windows ?? {};
  const isNoted = problem !== '' && blockedBy === undefined;
  return [
    ...clockWatch.notes(),
    ...access.notes().map((note) => ({ stage: 'access' as const, note })),
    ...tls.notes().map((note) => ({ stage: 'tls' as const, note })),
    ...(isNoted ? [{ stage: 'windows' as const, note: problem }] : []),
  ];
}
