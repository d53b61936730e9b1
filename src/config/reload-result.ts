import type { ConfigChanges } from './config-changes.js';
import type { ConfigProblem } from './problem.js';

/** What a reload of the configuration did, as plain JSON. Each outcome but `invalid` has read a valid configuration. */
export type ReloadResult = (ReloadDone | ReloadInvalid) & {
  /** Absent without `broker.access`. The access file is applied on its own: also when the configuration is not valid. */
  readonly access?: AccessReload;
};

/** What a reload of the access file did. */
export type AccessReload =
  | { readonly outcome: 'applied'; readonly file: string; readonly changes: AccessChanges }
  | { readonly outcome: 'unchanged'; readonly file: string }
  /** The old rules stay in force. */
  | { readonly outcome: 'invalid'; readonly file: string; readonly problems: readonly ConfigProblem[] };

export interface AccessChanges {
  readonly users: NameChanges;
  readonly roles: NameChanges;
  /** Other sections that differ: `jwt`, `mtls`. */
  readonly sections: readonly string[];
}

/** Names, at most 1,000 in each list; a line behind them says how many more there are. */
export interface NameChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export interface ReloadDone {
  /**
   * `applied`: the rules were replaced. `unchanged`: there was nothing to do. `restart-needed`: only keys have changed that
   * need a restart. `no-consumer`: rules have changed, but no consumer runs in this process.
   */
  readonly outcome: 'applied' | 'unchanged' | 'restart-needed' | 'no-consumer';
  /** The file that was read, or a name for the built-in defaults. */
  readonly file: string;
  readonly changes: ConfigChanges;
}

/** Nothing was changed. */
export interface ReloadInvalid {
  readonly outcome: 'invalid';
  readonly file: string;
  readonly code: 'CONFIG_INVALID' | 'CONFIG_UNREADABLE';
  readonly problems: readonly ConfigProblem[];
}

/** How a reload can end; `failed`: a valid configuration could not be applied. */
export const RELOAD_OUTCOMES = [
  'applied',
  'unchanged',
  'restart-needed',
  'no-consumer',
  'invalid',
  'failed',
] as const satisfies readonly (ReloadResult['outcome'] | 'failed')[];
export type ReloadOutcome = (typeof RELOAD_OUTCOMES)[number];
