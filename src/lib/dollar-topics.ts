import { dollarLevelOf } from './mqtt-names.js';

/**
 * DollarTopics knows which topics that begin with `$` may be published without access rules: those whose first level is
 * named by the topic filter of a rule, such as `$aws` by `$aws/things/+/shadow/update`. With access rules the roles say so.
 */
export class DollarTopics {
  #levels: ReadonlySet<string>;

  /** The topic filters of the rules; names behind their wildcards do not matter. */
  constructor(filters: readonly string[]) {
    this.#levels = levelsOf(filters);
  }

  /** Other rules are in force. A topic that was accepted before may not be now: do not cache the answers of `isNamed`. */
  replace(filters: readonly string[]): void {
    this.#levels = levelsOf(filters);
  }

  /** Whether a rule names this first level, as it is. A wildcard names none that begins with `$` [MQTT-4.7.2-1]. */
  isNamed(firstLevel: string): boolean {
    return this.#levels.has(firstLevel);
  }
}

function levelsOf(filters: readonly string[]): ReadonlySet<string> {
  return new Set(filters.map(dollarLevelOf).filter((level) => level !== undefined));
}
