import { TextHash } from '../../lib/text-hash.js';
import { MappingFailure, type Reading } from '../mapped.js';
import type { Getter } from '../reference.js';
import { scalarText } from '../scalar-text.js';

/** A longer key is replaced by its beginning and a hash. */
const MAX_KEY_CHARACTERS = 80;

/** What the references give together, as one text; undefined when one of them gives nothing. */
export function keyOf(getters: readonly Getter[], reading: Reading): string | undefined {
  let key = '';
  for (const get of getters) {
    const found = get(reading);
    if (found === undefined || found === null || found instanceof MappingFailure) return undefined;
    const text = scalarText(found);
    if (text === undefined) return undefined;
    // The length in front keeps `a`,`bc` and `ab`,`c` different.
    key += getters.length === 1 ? text : `${text.length}:${text}`;
  }
  if (key.length <= MAX_KEY_CHARACTERS) return key;
  const hash = new TextHash().add(key).text;
  return `${key.slice(0, MAX_KEY_CHARACTERS)}…${new TextHash().add(hash).add(key).text}${hash}`;
}

/** Keys of pairs that were made before are kept: to join two texts for every message costs more than to look them up. */
const MAX_KNOWN_KEYS = 100_000;

/** KnownKeys gives the same as `keyOf`, sooner where a key is of two texts that come again, such as client and device. */
export class KnownKeys {
  readonly #known = new Map<string, Map<string, string>>();
  #size = 0;

  keyOf(getters: readonly Getter[], reading: Reading): string | undefined {
    if (getters.length !== 2) return keyOf(getters, reading);
    const first = (getters[0] as Getter)(reading);
    const second = (getters[1] as Getter)(reading);
    if (typeof first !== 'string' || typeof second !== 'string') return keyOf(getters, reading);
    const known = this.#known.get(first)?.get(second);
    if (known !== undefined) return known;
    const key = keyOf(getters, reading);
    if (key !== undefined) this.#keep(first, second, key);
    return key;
  }

  #keep(first: string, second: string, key: string): void {
    if (this.#size >= MAX_KNOWN_KEYS) {
      this.#known.clear();
      this.#size = 0;
    }
    const seconds = this.#known.get(first) ?? new Map<string, string>();
    seconds.set(second, key);
    this.#known.set(first, seconds);
    this.#size += 1;
  }
}

/**
 * Puts a hash of the same into `hash`: two different keys have the same one about once in 2^64. False when a reference gives
 * nothing. An empty text is nothing, too: devices send it for an id that they have not.
 */
export function hashKey(getters: readonly Getter[], reading: Reading, hash: TextHash): boolean {
  hash.reset();
  for (let index = 0; index < getters.length; index++) {
    const found = (getters[index] as Getter)(reading);
    if (typeof found === 'number') {
      hash.addNumber(found);
      continue;
    }
    if (found === undefined || found === null || found instanceof MappingFailure) return false;
    const text = scalarText(found);
    if (text === undefined || text === '') return false;
    hash.add(text);
  }
  return true;
}
