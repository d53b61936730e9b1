/** @import { LatestGroup, LatestPage } from './types.js' */

/** Names of devices in one request: the gateway takes 50, and an address has a bound too. */
const MAX_NAMES = 50;
const MAX_NAMES_CHARACTERS = 6_000;

/**
 * Keeps the rows of a page where they are until the person sorts again: a device that sends just now must not move away
 * under the hand. Rows in the order of their names need no help; of any other order the names are remembered.
 */
export class DevicesOrder {
  /** @type {readonly string[] | undefined} the rows in their order */
  names;
  /** Whether the rows would be in another order if they were sorted now. */
  isStale = false;
  /** How many devices the page was one of when it was sorted. */
  found = 0;
  #silent = 0;

  forget() {
    this.names = undefined;
    this.isStale = false;
  }

  /**
   * The devices of an answer in the order in which their rows are shown.
   *
   * @param {LatestPage} answer
   * @param {string} order
   * @returns {readonly LatestGroup[]}
   */
  keep({ groups, silent, found }, order) {
    const names = groups.map(({ name }) => name);
    const kept = this.names;
    if (kept === undefined) {
      this.found = found;
      this.#silent = silent;
      // Names that are too long to be asked for are not kept in their place.
      if (order !== 'name' && fitting(names).length === names.length) this.names = names;
      return groups;
    }
    const sorted = groups.toSorted((a, b) => kept.indexOf(a.name) - kept.indexOf(b.name));
    this.isStale = silent !== this.#silent || sorted.some(({ name }, nth) => name !== names[nth]);
    return sorted;
  }
}

/**
 * As many of the names as fit into a request.
 *
 * @param {readonly string[]} names
 */
export function fitting(names) {
  let characters = 0;
  const end = names.findIndex((name) => {
    characters += encodeURIComponent(name).length + '&except='.length;
    return characters > MAX_NAMES_CHARACTERS;
  });
  return names.slice(0, end === -1 ? MAX_NAMES : Math.min(end, MAX_NAMES));
}
