/**
 * StopSignals obeys SIGTERM, SIGINT and what else it is given from the moment it is made, so a command makes it before anything that can take
 * long. The first signal aborts `signal`; a second one ends the process at once.
 */
export class StopSignals {
  readonly #controller = new AbortController();
  readonly #first: Promise<NodeJS.Signals>;
  #onSecond: () => Promise<void> = async () => undefined;

  /** @param signals SIGHUP, the end of the terminal, is one where it does not ask for a reload */
  constructor(signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']) {
    this.#first = new Promise((resolve) => {
      let isStopping = false;
      const onSignal = (signal: NodeJS.Signals) => {
        if (isStopping) {
          void this.#onSecond().then(() => process.exit(1));
          return;
        }
        isStopping = true;
        this.#controller.abort();
        resolve(signal);
      };
      for (const signal of signals) process.on(signal, onSignal);
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves with the name of the first signal. */
  get first(): Promise<NodeJS.Signals> {
    return this.#first;
  }

  /** Sets what is done at the second signal, before the process ends with exit code 1. It must not take long. */
  onSecond(run: () => Promise<void>): void {
    this.#onSecond = run;
  }
}
