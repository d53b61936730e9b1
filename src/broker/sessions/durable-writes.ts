/** What is needed of the journal of the sessions. */
export interface SessionJournal {
  /** Adds an entry; the bytes are copied. It becomes durable with the next commit. */
  append(entry: Buffer): void;
  /** Calls `reached` when everything appended before is durable. It makes a commit begin. */
  whenDurable(reached: () => void): void;
}

/** What nobody waits for, such as acknowledgements of subscribers, is durable after this time, or with the next commit. */
const LAZY_COMMIT_MS = 200;

interface Waiting {
  readonly position: number;
  readonly run: () => void;
}

/**
 * DurableWrites appends to the journal and calls back, in the order of the calls, when what was appended is durable. All
 * that wait in one turn of the event loop share a commit, which is that of the log when messages come in. Without a
 * journal everything is as durable as it gets at once.
 */
export class DurableWrites {
  #journal: SessionJournal | undefined;
  #appended = 0;
  #durable = 0;
  #waiting: Waiting[] = [];
  #isScheduled = false;
  #lazyCommit: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** From now on entries go there. */
  open(journal: SessionJournal): void {
    this.#journal = journal;
  }

  /** How many entries were appended. */
  get position(): number {
    return this.#appended;
  }

  isDurable(position: number): boolean {
    return this.#journal === undefined || position <= this.#durable;
  }

  append(entry: Buffer): void {
    if (this.#journal === undefined) return;
    this.#journal.append(entry);
    this.#appended += 1;
    this.#lazyCommit ??= setTimeout(() => {
      this.#lazyCommit = undefined;
      if (!this.isDurable(this.#appended)) this.#commit();
    }, LAZY_COMMIT_MS).unref();
  }

  /** Runs at once when everything appended is durable. */
  whenDurable(run: () => void): void {
    if (this.isDurable(this.#appended) && this.#waiting.length === 0) {
      run();
      return;
    }
    this.#waiting.push({ position: this.#appended, run });
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#commit());
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#lazyCommit);
    this.#waiting = [];
  }

  #commit(): void {
    if (this.#isClosed) return;
    this.#isScheduled = true;
    const position = this.#appended;
    this.#journal?.whenDurable(() => this.#reached(position));
  }

  #reached(position: number): void {
    if (this.#isClosed) return;
    this.#durable = Math.max(this.#durable, position);
    this.#isScheduled = false;
    const waiting = this.#waiting;
    const left = waiting.findIndex((one) => one.position > position);
    const reached = left === -1 ? waiting.splice(0) : waiting.splice(0, left);
    for (const { run } of reached) run();
    if (this.#waiting.length > 0 && !this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => this.#commit());
    }
  }
}
