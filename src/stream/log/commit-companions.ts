import type { CommitCompanion } from '../../lib/commit-companion.js';
import { isNoRoom } from '../../lib/disk-room.js';

/** CommitCompanions commits the files that belong to a log beside each of its batches. */
export class CommitCompanions {
  readonly #companions: readonly CommitCompanion[];

  constructor(companions: readonly CommitCompanion[]) {
    this.#companions = companions;
  }

  /** Whether something was added that is not durable. */
  get hasPending(): boolean {
    return this.#companions.some(({ hasPending }) => hasPending);
  }

  /**
   * Begins to commit what was added until now. It resolves when all have ended, with what one has failed with: a lack of room
   * comes last, because that can be tried again. Undefined when nothing was added: then it costs nothing.
   */
  begin(): Promise<unknown> | undefined {
    if (!this.hasPending) return undefined;
    return this.#commitAll();
  }

  async #commitAll(): Promise<unknown> {
    const outcomes = await Promise.allSettled(this.#companions.map((companion) => companion.commit()));
    const failures = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    return failures.find((failure) => !isNoRoom(failure)) ?? failures[0];
  }
}
