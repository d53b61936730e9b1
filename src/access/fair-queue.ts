/**
 * FairQueue holds a bounded number of waiting items and takes them sender by sender, so that one sender who fills it does
 * not keep the others waiting. In a full queue a newcomer displaces the last item of the sender with the most.
 */
export class FairQueue<Item> {
  /** In the order in which the senders are served next. */
  readonly #bySender = new Map<string, Item[]>();
  readonly #maxItems: number;
  #size = 0;

  constructor(maxItems: number) {
    this.#maxItems = maxItems;
  }

  get size(): number {
    return this.#size;
  }

  /** Returns the item that found no place: the new one, or one that it has displaced. */
  add(sender: string, item: Item): Item | undefined {
    const own = this.#bySender.get(sender);
    let displaced: Item | undefined;
    if (this.#size >= this.#maxItems) {
      displaced = this.#displace((own?.length ?? 0) + 1);
      if (displaced === undefined) return item;
    }
    if (own === undefined) this.#bySender.set(sender, [item]);
    else own.push(item);
    this.#size += 1;
    return displaced;
  }

  take(): Item | undefined {
    for (const [sender, items] of this.#bySender) {
      const item = items.shift();
      this.#size -= 1;
      // To the end: every other sender comes first.
      this.#bySender.delete(sender);
      if (items.length > 0) this.#bySender.set(sender, items);
      return item;
    }
    return undefined;
  }

  /** Takes the last item of the sender with the most, if that has more than `count`. */
  #displace(count: number): Item | undefined {
    let most: Item[] | undefined;
    for (const items of this.#bySender.values()) {
      if (items.length > (most?.length ?? count)) most = items;
    }
    if (most === undefined) return undefined;
    this.#size -= 1;
    return most.pop();
  }
}
