/** What somebody changed, or tried to: one line of the log each. */
export interface AuditEntry {
  /** What was changed, from a closed list of the code: `replay`, `log-level` … */
  readonly change: string;
  /** Absent where nobody has to sign in. */
  readonly user?: string;
  /** How the user proved who it is; `claimed`: the command said so, and the access to its socket is the proof. */
  readonly method: 'token' | 'password' | 'jwt' | 'certificate' | 'anonymous' | 'claimed';
  /** The address of the other end; `control socket` for commands on this machine. */
  readonly remoteAddress: string;
  /** `refused`: nothing was changed, and the caller could have known. */
  readonly outcome: 'done' | 'refused' | 'failed';
  /** Why, as a code. */
  readonly reason?: string;
  /** As the caller gave them; the logger cuts what is long. */
  readonly parameters?: unknown;
}

export type Audit = (entry: AuditEntry) => void;
