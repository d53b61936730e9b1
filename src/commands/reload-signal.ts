/**
 * ReloadSignal obeys SIGHUP from the moment it is made: without it the signal would end the process. One that comes during
 * the start is kept until the gateway can reload. Windows sends this signal when a console is closed, and means the end.
 */
export class ReloadSignal {
  #isPending = false;
  #reload: (() => void) | undefined;

  constructor() {
    if (process.platform === 'win32') return;
    process.on('SIGHUP', () => {
      if (this.#reload === undefined) this.#isPending = true;
      else this.#reload();
    });
  }

  /** Sets what the signal does, and does it at once when it has come already. */
  onSignal(reload: () => void): void {
    this.#reload = reload;
    if (this.#isPending) reload();
    this.#isPending = false;
  }
}
