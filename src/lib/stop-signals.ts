/**
 * StopSignals obeys SIGTERM and SIGINT from the moment it is made, so a command makes it before anything that can take
 * long. The first signal aborts `signal`; a second one ends the process at once.
 */
export class StopSignals {
  readonly #controller = new AbortController();
  readonly #first: Promise<NodeJS.Signals>;
  #begin: (signal: NodeJS.Signals) => void = () => undefined;
  #onSecond: () => Promise<void> = async () => undefined;

  constructor() {
    this.#first = new Promise((resolve) => {
      this.#begin = (signal) => {
        this.#controller.abort();
        resolve(signal);
      };
      const onSignal = (signal: NodeJS.Signals) => {
        if (this.signal.aborted) void this.#onSecond().then(() => process.exit(1));
        else this.#begin(signal);
      };
      process.on('SIGTERM', onSignal);
      process.on('SIGINT', onSignal);
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves with the name of the first signal. */
  get first(): Promise<NodeJS.Signals> {
    return this.#first;
  }

  /** Stops as after a first signal; does nothing when there was one. */
  stop(signal: NodeJS.Signals): void {
    if (!this.signal.aborted) this.#begin(signal);
  }

  /** Sets what is done at the second signal, before the process ends with exit code 1. It must not take long. */
  onSecond(run: () => Promise<void>): void {
    this.#onSecond = run;
  }
}
