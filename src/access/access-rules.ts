import type { RoleLimits } from './client-limits.js';

/** The rules of an access file (`broker.access`), checked and with their lines. They never change: a reload makes new ones. */
export interface AccessRules {
  /** The file as the user named it. */
  readonly file: string;
  readonly users: ReadonlyMap<string, UserRule>;
  readonly roles: ReadonlyMap<string, RoleRule>;
  readonly jwt?: JwtRule;
  readonly mtls?: MtlsRule;
}

export interface UserRule {
  readonly name: string;
  /** Absent: nobody can sign in as this user with a name and a password; a certificate or JWT may still name it. */
  readonly secret?: SecretRule;
  readonly roles: readonly string[];
  /** A pattern of client ids: `{user}` stands for the name of the user, `+` for one or more characters. */
  readonly clientId?: string;
  readonly isDisabled: boolean;
  /** Line of the user in the file, from 1. */
  readonly line: number;
}

export type SecretRule =
  /** HMAC-SHA-256 of a random token: cheap to check, because nobody can guess the token. */
  | { readonly kind: 'token'; readonly hash: string }
  /** A PHC string (`$scrypt$ln=15,r=8,p=1$salt$hash`): a person may have chosen the password. */
  | { readonly kind: 'password'; readonly hash: string };

/** Permissions are only ever added up, so the order of roles and filters does not matter. */
export interface RoleRule {
  readonly name: string;
  /** The role counts only for client ids of this pattern; absent: for all. */
  readonly clientId?: string;
  readonly publish: readonly PermissionRule[];
  readonly subscribe: readonly PermissionRule[];
  /** What the role may do over HTTP; `change` includes `read`. Absent: nothing. */
  readonly http?: 'read' | 'change';
  readonly limits?: RoleLimits;
  readonly line: number;
}

/** A topic filter with `{user}` and `{client}` as whole levels. */
export interface PermissionRule {
  readonly filter: string;
  readonly line: number;
}

export interface JwtRule {
  /** Path of the JSON Web Key Set (RFC 7517), absolute. */
  readonly jwksFile: string;
  readonly algorithms: readonly string[];
  readonly issuer?: string;
  readonly audience?: string;
  /** The claim that names the user. */
  readonly userClaim: string;
  /** The roles of users that the file does not list. */
  readonly roles: readonly string[];
  readonly line: number;
}

export interface MtlsRule {
  /** Where the certificate names the user: its common name, or its first alternative name. */
  readonly user: 'cn' | 'san';
  /** The roles of users that the file does not list. */
  readonly roles: readonly string[];
  /** Path of a revocation list, absolute. */
  readonly crlFile?: string;
  readonly line: number;
}
