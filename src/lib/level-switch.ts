export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Most verbose first. */
export const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

export interface LevelSwitchPorts {
  readonly configured: LogLevel;
  readonly apply: (level: LogLevel) => void;
  readonly log: (fields: object, sentence: string) => void;
}

/** LevelSwitch changes the log level while the process runs; after a restart the configured one is used again. */
export class LevelSwitch {
  readonly #ports: LevelSwitchPorts;
  #current: LogLevel;
  #reset: NodeJS.Timeout | undefined;

  constructor(ports: LevelSwitchPorts) {
    this.#ports = ports;
    this.#current = ports.configured;
  }

  get configured(): LogLevel {
    return this.#ports.configured;
  }

  current(): LogLevel {
    return this.#current;
  }

  /** Sets the level; with `forMs` it is set back to the configured one after that time. */
  set(level: LogLevel, forMs?: number): void {
    clearTimeout(this.#reset);
    this.#reset = undefined;
    this.#change(level, forMs);
    if (forMs !== undefined) {
      this.#reset = setTimeout(() => this.#change(this.configured), forMs).unref();
    }
  }

  /** Switches between `debug` and the configured level. */
  toggleDebug(): void {
    this.set(this.#current === 'debug' ? this.configured : 'debug');
  }

  /** Logs the change at the more verbose of the two levels, so that the line is written. */
  #change(level: LogLevel, forMs?: number): void {
    const sentence = 'the log level has changed';
    const change = { from: this.#current, to: level, forMs };
    const isMoreVerbose = LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(this.#current);
    if (!isMoreVerbose) this.#ports.log(change, sentence);
    this.#current = level;
    this.#ports.apply(level);
    if (isMoreVerbose) this.#ports.log(change, sentence);
  }
}
