/** A string, a number, or a set of strings that is not empty, as DynamoDB has them. */
export type Attribute = string | number | readonly string[];

/** One row; `leaseKey` is its key. */
export type Row = Readonly<Record<string, Attribute>>;

/** What has to hold for a write: an attribute equals this, or is absent (`null`). */
export type RowCondition = Readonly<Record<string, string | number | null>>;

export interface RowChange {
  readonly set: Row;
  readonly remove?: readonly string[];
  /** Absent: write in any case. */
  readonly when?: RowCondition;
}

/**
 * The rows of one table with conditional writes: what `LeaseTable` asks of DynamoDB. Reads see every earlier write.
 * Calls overlap. Every method rejects with LEASE_TABLE_UNREACHABLE (time-out, network, throttled, 5xx: a write
 * was perhaps done, and may even be done later) or with LEASE_TABLE_UNUSABLE (denied, no such table, wrong key).
 */
export interface LeaseRows {
  /** Creates the table if it is missing, waits until it can be used, and checks its key. */
  prepare(): Promise<void>;
  /** All rows, not as of one moment. */
  scan(): Promise<readonly Row[]>;
  get(key: string): Promise<Row | undefined>;
  /** Changes or creates the row. False: the condition did not hold and nothing was done. */
  write(key: string, change: RowChange): Promise<boolean>;
  /** False: the condition did not hold; a missing row fulfils none. */
  remove(key: string, when: RowCondition): Promise<boolean>;
  close(): void;
}
