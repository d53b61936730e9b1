/** How long a start waits for the first answer of what lies beyond the network. */
const PATIENCE_MS = 5_000;

/**
 * The first attempt to reach what lies beyond the network. While it lasts, an error that a person has to fix ends the
 * start; later the gateway runs and buffers, and the same error is a reason for not being ready. It is over with the first
 * answer or failure, at the latest after five seconds.
 */
export class FirstContact {
  readonly #onOver: () => void;
  readonly #timer: NodeJS.Timeout;
  #isOver = false;

  constructor(onOver: () => void, patienceMs = PATIENCE_MS) {
    this.#onOver = onOver;
    this.#timer = setTimeout(() => this.end(), patienceMs);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** May be called again. */
  end(): void {
    if (this.#isOver) return;
    this.cancel();
    this.#onOver();
  }

  /** Ends it without the report: the pipeline itself has ended. */
  cancel(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}
