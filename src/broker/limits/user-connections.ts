/** UserConnections limits the connections of one user, so that a stolen credential cannot use up those of all. */
export class UserConnections {
  readonly #maxPerUser: number;
  readonly #open = new Map<string, number>();

  /** `maxPerUser`: unless a role of the user sets its own. */
  constructor(maxPerUser: number) {
    this.#maxPerUser = maxPerUser;
  }

  /** Why one more connection of the user is not accepted. */
  refusalOf(user: string, maxOfRole: number | undefined): string | undefined {
    const open = this.#open.get(user) ?? 0;
    // Without access rules nobody has a name.
    if (user === '' || open < (maxOfRole ?? this.#maxPerUser)) return undefined;
    return `${open} connections of the user are open`;
  }

  /** Counts a connection of the user until the function that it returns is called. */
  opened(user: string): () => void {
    this.#open.set(user, (this.#open.get(user) ?? 0) + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const left = this.#open.get(user)! - 1;
      if (left === 0) this.#open.delete(user);
      else this.#open.set(user, left);
    };
  }
}
