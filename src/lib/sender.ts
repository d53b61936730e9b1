/** What a record says of its sender. */
interface Sent {
  readonly clientId: string;
  readonly user?: string;
}

/** Who has sent a record, by the name that budgets and shares are counted under. */
export type Sender = { readonly user: string } | { readonly client: string };

/** No client id holds this character [MQTT-1.5.3-2], so that the key of a user is never the one of a client. */
const USER_MARK = '\0';

/**
 * The key that a record is counted under wherever a sender has a share of something. It is the user, because a client can
 * choose another client id at any time and would have a fresh share with each; without access rules there is no user, and it is the client id.
 */
export function senderKey({ user, clientId }: Sent): string {
  return user ? USER_MARK + user : clientId;
}

/** The sender of a key, for outputs that must say which of the two it is. */
export function senderOf(key: string): Sender {
  return key.startsWith(USER_MARK) ? { user: key.slice(USER_MARK.length) } : { client: key };
}

/** The sender of a key as a person reads it: `the user "meter-17"`. */
export function senderText(key: string, quoted: (name: string) => string): string {
  const sender = senderOf(key);
  return 'user' in sender ? `the user ${quoted(sender.user)}` : `the client ${quoted(sender.client)}`;
}
