import type { Grant } from './grant.js';

/** How a client proved who it is. `anonymous`: there are no access rules, and nobody has to. */
export type SignInMethod = 'token' | 'password' | 'jwt' | 'certificate' | 'anonymous';

/** Who a connection or a request belongs to, as its credential proved it. */
export interface Identity {
  /** Empty without access rules. */
  readonly user: string;
  readonly method: SignInMethod;
  /** Roles that the credential brings for a user that the access file does not list. */
  readonly roles: readonly string[];
  /** ms since 1970; absent: it does not expire. */
  readonly expiresAtMs?: number;
  /** Changes when the secret of the user changes: a reload then ends the connection. */
  readonly secretHash?: string;
}

/** What a certificate says of its owner, once TLS has verified it. */
export interface ClientCertificate {
  readonly commonName: string | undefined;
  /** Names of the kinds DNS, URI and email, without their kind. */
  readonly alternativeNames: readonly string[];
  /** In upper-case hexadecimal, without separators. */
  readonly serialNumber: string;
  /** ms since 1970. */
  readonly expiresAtMs: number;
}

/** What a client shows at CONNECT, or a request in its headers. */
export interface Credential {
  /** Absent over HTTP with a bearer token: the token, or the claims of the JWT, find the user. */
  readonly userName?: string;
  /** A token, a password or a JWT. */
  readonly password?: Buffer;
  readonly certificate?: ClientCertificate;
}

/** Where a credential comes from: failures are counted by address, too. */
export interface CredentialSource {
  readonly remoteAddress: string;
  /** False on a listener without TLS. */
  readonly isEncrypted: boolean;
}

/** Why somebody may not sign in. The list is closed: it is used by the label of metrics. */
export const SIGN_IN_REFUSALS = [
  /** No user name, no token, no certificate. */
  'credential-missing',
  'credential-wrong',
  'credential-expired',
  'certificate-revoked',
  'user-disabled',
  /** Too many failures of this user or address: the credential was not looked at. */
  'too-many-attempts',
  /** So many passwords wait to be checked that this one was not taken. */
  'sign-in-busy',
] as const;
export type SignInRefusal = (typeof SIGN_IN_REFUSALS)[number];

export type SignIn =
  | { readonly kind: 'granted'; readonly identity: Identity }
  /** `detail` is for the log, never for the client. `retryAfterMs`: before, another attempt is not looked at either. */
  | {
      readonly kind: 'refused';
      readonly reason: SignInRefusal;
      readonly detail: string;
      readonly retryAfterMs?: number;
    };

/** Why an identity gets no grant for a client id. */
export interface GrantRefusal {
  readonly reason: 'client-id-denied' | 'user-disabled' | 'credential-wrong' | 'certificate-revoked';
  readonly detail: string;
}

export interface ClientFacts {
  readonly clientId: string;
  readonly remoteAddress: string;
  /** True when a PROXY header gave the address: a loopback address is then not one of this machine. */
  readonly isProxied?: boolean;
}

/**
 * Access decides who may connect, publish and subscribe over MQTT, and read and change over HTTP. With access rules
 * nothing is allowed that no rule allows; OpenAccess stands for a gateway without rules.
 */
export interface Access {
  /** Raised by every reload of the rules: a grant of another generation must be made again before it is used. */
  readonly generation: number;
  /** Resolves also for wrong credentials; never rejects. At once where nothing slow has to be checked. */
  signIn(credential: Credential, source: CredentialSource): Promise<SignIn> | SignIn;
  /** What the identity may do as this client, by the rules in force now. Pure and fast. */
  grantOf(identity: Identity, client: ClientFacts): Grant | GrantRefusal;
  /** What the identity may do over HTTP, by the rules in force now. */
  httpRoleOf(identity: Identity): 'none' | 'read' | 'change';
}

export function isGrantRefusal(grant: Grant | GrantRefusal): grant is GrantRefusal {
  return 'reason' in grant;
}
