import type { SluiceError } from '../lib/errors.js';

/** The failure after which the gateway cannot go on. Only the first one is reported. */
export class FatalFailure {
  readonly #onFailure: (failure: SluiceError) => void;
  #abandon: () => Promise<void> = async () => undefined;
  #isReported = false;

  constructor(onFailure: (failure: SluiceError) => void) {
    this.#onFailure = onFailure;
  }

  get isReported(): boolean {
    return this.#isReported;
  }

  /** Sets what ends the gateway at once, before the failure is reported. */
  beforeReport(abandon: () => Promise<void>): void {
    this.#abandon = abandon;
  }

  report(failure: SluiceError): void {
    if (this.#isReported) return;
    this.#isReported = true;
    void this.#abandon().then(() => this.#onFailure(failure));
  }
}
