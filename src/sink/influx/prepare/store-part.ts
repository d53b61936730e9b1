/** Where windows write rows, as the configuration asks for it. */
export interface RowsPlace {
  /** A retention policy (InfluxDB 1), bucket (2) or database (3). */
  readonly to: string;
  /** How long it keeps rows; 0: for ever. */
  readonly retentionMs: number;
}

/** A database, bucket, retention policy or mapping that must be in the store. */
export interface StorePart {
  /** Its kind and name, for a sentence: `database "iot"`. */
  readonly name: string;
  /** The statement or command that makes it. */
  readonly statement: string;
  look(): Promise<PartFound>;
  make(): Promise<void>;
}

export type PartFound =
  | { readonly state: 'missing' }
  | { readonly state: 'there' }
  | {
      readonly state: 'differs';
      /** What it has, and what is asked for. */
      readonly difference: string;
      /** The statement or command that changes it. */
      readonly statement: string;
      /** Absent when the store cannot change it, or only by losing points. */
      readonly change?: () => Promise<void>;
    };

/** What `sluice store prepare` found or did. */
export interface PartResult {
  readonly name: string;
  readonly state: 'there' | 'made' | 'changed' | 'missing' | 'differs' | 'failed';
  /** With `differs` and `changed`: the difference; with `failed`: what the store says. */
  readonly detail?: string;
  /** With `missing`, `differs` and `failed`: how to do it by hand. */
  readonly statement?: string;
  /** With `differs`: true when the mode `change` would change it. */
  readonly isChangeable?: boolean;
}

/** What is done with a part that is not as it should be: nothing, made if it is missing, or also changed. */
export type PrepareMode = 'look' | 'make' | 'change';
