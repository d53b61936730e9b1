/** Whose session it is: another user with the same client id has a session of its own. */
export interface SessionOwner {
  readonly user: string;
  readonly clientId: string;
}

/** One text for a session. The length in front keeps users and client ids apart, whatever characters they have. */
export function sessionKey({ user, clientId }: SessionOwner): string {
  return `${user.length} ${user}${clientId}`;
}
