import { isatty } from 'node:tty';

const STDERR = 2;

/**
 * ReloadSignal obeys SIGHUP from the moment it is made: without it the signal would end the process. It asks for a reload,
 * unless the terminal of the process has just been closed, which sends the same signal and means a stop. A reload that is
 * asked for during the start is kept until the gateway can reload. Windows sends this signal for a closed console only.
 */
export class ReloadSignal {
  #isPending = false;
  #reload: (() => void) | undefined;

  /**
   * @param stop called when the terminal is gone, more than once if the signal comes more than once
   * @param isTerminal whether stderr is a terminal that still answers
   */
  constructor(stop: () => void, isTerminal: () => boolean = () => isatty(STDERR)) {
    if (process.platform === 'win32') return;
    const hadTerminal = isTerminal();
    process.on('SIGHUP', () => {
      if (hadTerminal && !isTerminal()) stop();
      else if (this.#reload === undefined) this.#isPending = true;
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
