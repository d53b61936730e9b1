export const SETTLING_KINDS = ['replay', 'purge'] as const;
/** `replay`: decided again by the rules in force. `purge`: let go of, with the fate `purged`. */
export type SettlingKind = (typeof SETTLING_KINDS)[number];

/** How far a replay or purge is; plain JSON. */
export interface SettlingStatus {
  readonly kind: SettlingKind;
  /** `stopped`: the process ends; what was not settled is still parked. */
  readonly state: 'running' | 'done' | 'failed' | 'stopped';
  /** Nothing is written or moved: `settled` is what would become of the records. */
  readonly dryRun: boolean;
  readonly startedAtMs: number;
  /** Records that match; grows while they are counted. */
  readonly selected: number;
  readonly settled: {
    readonly written: number;
    readonly filtered: number;
    readonly parkedAgain: number;
    readonly purged: number;
  };
  /** Park code → records. */
  readonly parkedAgain: Readonly<Record<string, number>>;
  /** Present when `failed`. */
  readonly failure?: string;
  /** Why nothing moves now, for a person. */
  readonly waitingFor?: string;
}
