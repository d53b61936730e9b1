/** The answer of `/api/session`: who the caller is, and what he may do here. */
export interface SessionAnswer {
  /** Null: nobody has signed in. */
  readonly user: string | null;
  readonly role: 'none' | 'read' | 'change';
  readonly method: 'token' | 'password' | 'jwt' | 'certificate' | 'anonymous';
  /** ms since 1970; null: it does not end. */
  readonly expiresAtMs: number | null;
  /** Whether one can sign in here. */
  readonly hasUsers: boolean;
}
