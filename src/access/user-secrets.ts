import { createHash } from 'node:crypto';
import type { AccessRules, UserRule } from './access-rules.js';
import { type PasswordHash, parsePasswordHash } from './password-hash.js';

export interface StoredPassword {
  /** As the file has it. */
  readonly text: string;
  readonly hash: PasswordHash;
}

/** UserSecrets finds the secrets of the users of one version of the access file. */
export class UserSecrets {
  readonly #byToken = new Map<string, UserRule>();
  readonly #passwords = new Map<string, StoredPassword>();
  readonly #all: readonly StoredPassword[];

  constructor({ users }: AccessRules) {
    for (const user of users.values()) {
      if (user.secret?.kind === 'token') this.#byToken.set(user.secret.hash, user);
      if (user.secret?.kind !== 'password') continue;
      const parsed = parsePasswordHash(user.secret.hash);
      if (parsed.ok) this.#passwords.set(user.name, { text: user.secret.hash, hash: parsed.hash });
    }
    this.#all = [...this.#passwords.values()];
  }

  /** The user of a token that came without a name. */
  userOfToken(hash: string): UserRule | undefined {
    return this.#byToken.get(hash);
  }

  passwordOf(user: string): StoredPassword | undefined {
    return this.#passwords.get(user);
  }

  /**
   * A password of somebody else, to be checked for a user without one: the answer must not show by its time which users
   * there are. Always the same for a name, as that of a real user is. Undefined when nobody has a password.
   */
  substituteOf(user: string): StoredPassword | undefined {
    if (this.#all.length === 0) return undefined;
    const number = createHash('sha256').update(user).digest().readUInt32BE(0);
    return this.#all[number % this.#all.length];
  }
}
