import type { Incident } from './incident.js';
import type { Failure, OpenIncidentState } from './open-incident.js';
import type { SeenWarning } from './warned-incidents.js';

/** What is found of one thing that can fail. `unknown`: it has not been tried since the start. */
export type Finding = {
  /** Names the thing; one incident of it goes on at a time. */
  readonly key: string;
  /** How often a request to it was repeated since the start of the process. */
  readonly tries?: number;
} & ({ readonly state: 'well' | 'unknown' } | ({ readonly state: 'failing' } & Failure));

/** What one look at the gateway has found. */
export interface Look {
  /** The wall clock. */
  readonly atMs: number;
  readonly monotonicMs: number;
  readonly findings: readonly Finding[];
  /** Whether the log is full: a cause of its own only where nothing else holds up what reads it. */
  readonly logFull?: string;
  /** Warnings since the last look, oldest first. */
  readonly warnings: readonly SeenWarning[];
  readonly received: number;
  readonly processed: number;
  readonly waiting: number;
  /** Age of the oldest message that waits. */
  readonly oldestMs: number;
  /** Messages lost since the data directory was made, and shed since the start of the process. */
  readonly lost: number;
  readonly shed: number;
}

/** What is kept over restarts. */
export interface SavedIncidents {
  readonly ended: readonly Incident[];
  readonly open: readonly OpenIncidentState[];
  readonly lost: number;
}
