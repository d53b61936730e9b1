/** Rows of text by a key: which site a device is at, for example. It is plain data, so that it can go to another thread. */
export interface LookupTable {
  /** The columns beside the key. */
  readonly columns: readonly string[];
  /** Key → the cells of `columns`, in their order; an empty cell is no value. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
}

export type LookupTables = Readonly<Record<string, LookupTable>>;
