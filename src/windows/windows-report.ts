/** What the windows of a gateway are at, for the page, the metrics and `sluice windows list`. */
export interface WindowsReport {
  readonly aggregates: readonly AggregateReport[];
  /** Bytes of what is remembered, and the bound of it. */
  readonly memoryBytes: number;
  readonly maxMemoryBytes: number;
  /** How far the receive times in the log have come, ms since 1970; absent before the first record. */
  readonly watermarkMs?: number;
  /** What goes wrong now, for a person; empty: nothing. */
  readonly problem: string;
  /** Where several consumers share a stream: the one that computes; absent: none is known to do so now, or they do not share. */
  readonly computedBy?: string;
  /** Why points wait: it cannot be saved in which windows they are. Absent: none waits. */
  readonly blockedBy?: string;
}

export interface AggregateReport {
  readonly name: string;
  /**
   * Values of points that the store took since the state was made, each as often as there are windows of the finest
   * resolution with it: `accepted` = the sum of the other four.
   */
  readonly values: {
    readonly accepted: number;
    readonly aggregated: number;
    readonly awaiting: number;
    readonly beyondMemory: number;
    readonly beyondRetention: number;
  };
  readonly resolutions: readonly ResolutionReport[];
}

export interface ResolutionReport {
  readonly measurement: string;
  /** Windows with points that have not closed yet. */
  readonly openWindows: number;
  /** Windows that have closed, or whole groups of closed ones, and wait to be computed (again). */
  readonly markedWindows: number;
  /** Start of the oldest of all these, ms since 1970. */
  readonly oldestMs?: number;
  /** Since when the marked window that has waited longest can be computed, ms since 1970; absent: none waits. */
  readonly dueSinceMs?: number;
  /** Since the process started, as are the rest. */
  readonly folds: number;
  readonly foldMs: number;
  readonly longestFoldMs: number;
  readonly rowsWritten: number;
  readonly rowsRefused: number;
  /** Rows that could not be computed exactly and carry `inexact=true`. */
  readonly rowsInexact: number;
}

/** What `sluice windows rebuild` asks. */
export interface RebuildRequest {
  /** Name of an aggregate; absent: all. */
  readonly aggregate?: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Nothing is marked: the result has what would be. */
  readonly isDryRun: boolean;
  /** Also rows whose count would fall are written. */
  readonly isForced: boolean;
}

export interface RebuildResult {
  readonly aggregates: readonly {
    readonly measurement: string;
    readonly windows: number;
    /** Of them, those that begin before the points that the store still keeps: they are not computed. */
    readonly beyondRetention: number;
  }[];
}
