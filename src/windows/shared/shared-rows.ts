export type SharedValue = string | number | readonly string[];

/** A row of the table that all consumers of an application share. */
export interface SharedRow {
  readonly key: string;
  readonly values: Readonly<Record<string, SharedValue>>;
}

/** Has to hold for a write: each value equals this one, or is absent (`null`). */
export type SharedCondition = Readonly<Record<string, string | number | null>>;

/**
 * The rows of the table, with conditional writes. Reads see every earlier write. Calls overlap. Each rejects with a SluiceError
 * while the table cannot be used: a write was perhaps done then, and may even be done later.
 */
export interface SharedRows {
  /** Creates the table if it is missing, and waits until it can be used. */
  prepare(): Promise<void>;
  /** Resolves with all rows, which are not of one moment. */
  scan(): Promise<readonly SharedRow[]>;
  get(key: string): Promise<SharedRow | undefined>;
  /** Sets values of a row, which is made when there is none. Resolves false when the condition did not hold. */
  write(key: string, set: SharedRow['values'], when: SharedCondition): Promise<boolean>;
  /** Puts whole rows, no two with the same key, in place of those that there are. */
  putAll(rows: readonly SharedRow[]): Promise<void>;
  /** Resolves false when the condition did not hold; for a missing row none does. */
  remove(key: string, when: SharedCondition): Promise<boolean>;
  /** Calls in flight reject. */
  close(): void;
}
