const SLOTS = 1024;
const MAX_CACHED_LENGTH = 64;

/**
 * Keys seen lately, found by the hash the reader computes while it scans. The same string object each time lets
 * the engine skip hashing and interning on every property store. Bounded: a slot keeps the last key that fell into it.
 */
export class KeyTable {
  private readonly slots: string[] = new Array<string>(SLOTS).fill('');

  /** The key at `text[start, end)`, which holds no escape. */
  key(text: string, start: number, end: number, hash: number): string {
    const length = end - start;
    const slot = (hash ^ length) & (SLOTS - 1);
    const cached = this.slots[slot] as string;
    if (cached.length === length && sameAt(text, start, cached)) return cached;
    const key = text.slice(start, end);
    if (length > MAX_CACHED_LENGTH) return key;
    // A slice keeps its whole payload alive; the table must not.
    const own = Buffer.from(key, 'utf8').toString('utf8');
    this.slots[slot] = own;
    return own;
  }
}

function sameAt(text: string, start: number, key: string): boolean {
  for (let index = 0; index < key.length; index++) {
    if (text.charCodeAt(start + index) !== key.charCodeAt(index)) return false;
  }
  return true;
}
