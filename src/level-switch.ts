import type { LogLevel } from './config/sluice-config.js';

/** Most verbose first. */
export const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

export interface LevelSwitchPorts {
  readonly configured: LogLevel;
  readonly apply: (level: LogLevel) => void;
  readonly say: (fields: object, sentence: string) => void;
}

/** The level of the log while the process runs; a restart goes back to the configured one. */
export class LevelSwitch {
  readonly #ports: LevelSwitchPorts;
  #current: LogLevel;
  #goingBack: NodeJS.Timeout | undefined;

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

  /** From now on; with `forMs` only for so long, then the configured level is back. */
  set(level: LogLevel, forMs?: number): void {
    clearTimeout(this.#goingBack);
    this.#goingBack = undefined;
    this.#to(level, forMs === undefined ? {} : { forMs });
    if (forMs !== undefined) {
      this.#goingBack = setTimeout(() => this.#to(this.configured, {}), forMs).unref();
    }
  }

  /** Between `debug` and the configured level. */
  toggleDebug(): void {
    this.set(this.#current === 'debug' ? this.configured : 'debug');
  }

  /** Said at the more verbose of the two levels, so that it shows. */
  #to(level: LogLevel, fields: { readonly forMs?: number }): void {
    const sentence = 'the log level has changed';
    const change = { from: this.#current, to: level, ...fields };
    const isMoreVerbose = LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(this.#current);
    if (!isMoreVerbose) this.#ports.say(change, sentence);
    this.#current = level;
    this.#ports.apply(level);
    if (isMoreVerbose) this.#ports.say(change, sentence);
  }
}
