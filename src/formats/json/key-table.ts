const SLOTS = 1024;
const MAX_CACHED_LENGTH = 64;

/**
 * KeyTable keeps recent keys, found by the hash that the reader computes while it scans. Using the same string object
 * each time saves the engine hashing and interning on every property store. Each slot holds one key, the latest.
 */
export class KeyTable {
  readonly #slots: string[] = new Array<string>(SLOTS).fill('');

  /** The key at `text[start, end)`, which holds no escape. */
  key(text: string, start: number, end: number, hash: number): string {
    const length = end - start;
    const slot = (hash ^ length) & (SLOTS - 1);
    const cached = this.#slots[slot] as string;
    if (cached.length === length && sameAt(text, start, cached)) return cached;
    const key = text.slice(start, end);
    if (length > MAX_CACHED_LENGTH) return key;
    // A slice keeps its whole payload alive; the table must not.
    const own = Buffer.from(key, 'utf8').toString('utf8');
    this.#slots[slot] = own;
    return own;
  }
}

function sameAt(text: string, start: number, key: string): boolean {
  for (let index = 0; index < key.length; index++) {
    if (text.charCodeAt(start + index) !== key.charCodeAt(index)) return false;
  }
  return true;
}
