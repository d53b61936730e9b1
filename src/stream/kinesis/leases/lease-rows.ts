/** Attribute is a string, a number, or a set of strings that is not empty, as in DynamoDB. */
export type Attribute = string | number | readonly string[];

/** Row is one row of the table; `leaseKey` is its key. */
export type Row = Readonly<Record<string, Attribute>>;

/** RowCondition has to hold for a write: each attribute equals this value, or is absent (`null`). */
export type RowCondition = Readonly<Record<string, string | number | null>>;

export interface RowChange {
  readonly set: Row;
  readonly remove?: readonly string[];
  /** When absent, the write is unconditional. */
  readonly when?: RowCondition;
}

/**
 * LeaseRows are the rows of one table with conditional writes: what `LeaseTable` needs from DynamoDB. Reads see every
 * earlier write. Calls overlap. Every method rejects with LEASE_TABLE_UNREACHABLE (time-out, network, throttled, 5xx: a write
 * was perhaps done, and may even be done later) or with LEASE_TABLE_UNUSABLE (denied, no such table, wrong key).
 */
export interface LeaseRows {
  /** Creates the table if it is missing, waits until it can be used, and checks its key. */
  prepare(): Promise<void>;
  /** Resolves with all rows, which are not of one moment. */
  scan(): Promise<readonly Row[]>;
  get(key: string): Promise<Row | undefined>;
  /** Changes or creates the row. Resolves false when the condition did not hold and nothing was done. */
  write(key: string, change: RowChange): Promise<boolean>;
  /** Puts whole rows, each with its key and no two with the same, in place of those that there are. Any may be done when it rejects. */
  putAll(rows: readonly Row[]): Promise<void>;
  /** Resolves false when the condition did not hold; for a missing row none does. */
  remove(key: string, when: RowCondition): Promise<boolean>;
  close(): void;
}
