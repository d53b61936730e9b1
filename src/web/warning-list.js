/** @import { KnownWarning, SeenWarning, WarningView } from './types.js' */

const MAX_WARNINGS = 200;

/**
 * The warnings that the page has received, newest first, each once. After a reconnect the gateway sends the last ones
 * again, and a restarted gateway counts from 1. So a warning is identified by the start of the gateway and its
 * number. Warnings of an earlier start stay in the list: they may explain why the gateway stopped.
 */
export class WarningList {
  /** @type {WarningView[]} */
  #received = [];
  /** @type {readonly KnownWarning[]} */
  #warnings = [];
  #seen;

  /** `seen` is `{ startedAtMs, seq }` of the last warning that the person looked at. */
  constructor(seen = { startedAtMs: 0, seq: 0 }) {
    this.#seen = seen;
  }

  /**
   * Takes warnings oldest first, as the API sends them. Only the next state says to which start they belong.
   *
   * @param {readonly WarningView[]} warnings
   */
  receive(warnings) {
    this.#received.push(...warnings);
  }

  /**
   * Adds the received warnings to the list. Returns whether there is a new one.
   *
   * @param {number} startedAtMs
   */
  addReceived(startedAtMs) {
    const known = new Set(this.#warnings.map(({ key }) => key));
    const fresh = this.#received
      .map((warning) => ({ ...warning, startedAtMs, key: `${startedAtMs}-${warning.seq}` }))
      .filter(({ key }) => !known.has(key));
    this.#received = [];
    this.#warnings = [...fresh.reverse(), ...this.#warnings].slice(0, MAX_WARNINGS);
    return fresh.length > 0;
  }

  /** Newest first. */
  get all() {
    return this.#warnings;
  }

  /**
   * Newest first, those that came after the person last looked.
   *
   * @returns {readonly KnownWarning[]}
   */
  get unread() {
    return this.#warnings.filter((warning) => isAfter(warning, this.#seen));
  }

  /** Marks all warnings as seen. Returns what to store for the next visit. */
  markSeen() {
    const newest = this.#warnings[0];
    if (newest !== undefined && isAfter(newest, this.#seen)) {
      this.#seen = { startedAtMs: newest.startedAtMs, seq: newest.seq };
    }
    return this.#seen;
  }
}

/** @param {SeenWarning} warning @param {SeenWarning} seen */
function isAfter({ startedAtMs, seq }, seen) {
  return startedAtMs > seen.startedAtMs || (startedAtMs === seen.startedAtMs && seq > seen.seq);
}
