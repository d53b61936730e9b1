const MAX_WARNINGS = 200;

/**
 * The warnings that the page has heard of, newest first, each once. After a new connection the gateway tells the
 * last ones again, and one that was started anew counts from 1: so a warning is known by the start it belongs
 * to and its number. Those of an earlier start stay, they may say why it ended.
 */
export class WarningBook {
  #waiting = [];
  #warnings = [];
  #seen;

  /** `seen`: `{ startedAtMs, seq }` of the last one that the person looked at. */
  constructor(seen = { startedAtMs: 0, seq: 0 }) {
    this.#seen = seen;
  }

  /** Oldest first, as the API tells them; to which start they belong is known with the next state. */
  hear(warnings) {
    this.#waiting.push(...warnings);
  }

  /** Takes up what was heard. Returns whether there is anything new. */
  settle(startedAtMs) {
    const known = new Set(this.#warnings.map(({ key }) => key));
    const fresh = this.#waiting
      .map((warning) => ({ ...warning, startedAtMs, key: `${startedAtMs}-${warning.seq}` }))
      .filter(({ key }) => !known.has(key));
    this.#waiting = [];
    this.#warnings = [...fresh.reverse(), ...this.#warnings].slice(0, MAX_WARNINGS);
    return fresh.length > 0;
  }

  /** Newest first. */
  get all() {
    return this.#warnings;
  }

  get unread() {
    return this.#warnings.filter((warning) => isAfter(warning, this.#seen)).length;
  }

  /** The person looked. Returns what to keep for the next time. */
  markSeen() {
    const newest = this.#warnings[0];
    if (newest !== undefined && isAfter(newest, this.#seen)) {
      this.#seen = { startedAtMs: newest.startedAtMs, seq: newest.seq };
    }
    return this.#seen;
  }
}

function isAfter({ startedAtMs, seq }, seen) {
  return startedAtMs > seen.startedAtMs || (startedAtMs === seen.startedAtMs && seq > seen.seq);
}
