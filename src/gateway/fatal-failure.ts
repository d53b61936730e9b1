import type { SluiceError } from '../lib/errors.js';

/** 'late': a thread hangs in native code, so that `process.exit` would not end the process. */
export type Ended = 'done' | 'late' | undefined;

/** The failure after which the gateway cannot go on. Only the first one is reported. */
export class FatalFailure {
  readonly #onFailure: (failure: SluiceError, ended: Ended) => void;
  #abandon: () => Promise<Ended> = async () => undefined;
  #isReported = false;
  /** Set while the gateway starts. */
  #failStart: ((failure: SluiceError) => void) | undefined;

  constructor(onFailure: (failure: SluiceError, ended: Ended) => void) {
    this.#onFailure = onFailure;
  }

  get isReported(): boolean {
    return this.#isReported;
  }

  /** Sets what ends the gateway at once, before the failure is reported. */
  beforeReport(abandon: () => Promise<Ended>): void {
    this.#abandon = abandon;
  }

  /** Returns a promise that rejects with a failure during the start, which ends the start instead of the gateway. */
  duringStart(): Promise<never> {
    const failed = new Promise<never>((_, reject) => {
      this.#failStart = reject;
    });
    // It may fail while nobody waits for it yet.
    failed.catch(() => undefined);
    return failed;
  }

  /** From now on a failure ends the gateway. */
  startIsOver(): void {
    this.#failStart = undefined;
  }

  report(failure: SluiceError): void {
    if (this.#isReported) return;
    this.#isReported = true;
    if (this.#failStart !== undefined) {
      this.#failStart(failure);
      return;
    }
    void this.#abandon().then((ended) => this.#onFailure(failure, ended));
  }
}
