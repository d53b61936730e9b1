/** A file of its own that is made durable together with the log: what belongs to a record is on disk before it is acknowledged. */
export interface CommitCompanion {
  /** Whether something was added that is not durable. */
  readonly hasPending: boolean;
  /** Resolves when everything that was added before the call is durable. Rejects when it cannot be: the process must then stop. */
  commit(): Promise<void>;
}
