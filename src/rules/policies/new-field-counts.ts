import type { StateTable, StateTables } from '../../lib/state-tables.js';

/** Senders whose new fields are counted at once; beyond that all others together share one budget. */
const MAX_COUNTED_SENDERS = 10_000;
const OTHER_SENDERS = '';

/** How many new fields each sender, by its `senderKey`, has added in an hour. */
export class NewFieldCounts {
  readonly #counts: StateTable<[hour: number, fields: number]>;

  constructor(state: StateTables) {
    this.#counts = state.table('new-fields');
  }

  of(sender: string, hour: number): number {
    const [counted, fields] = this.#counts.get(this.#keyOf(sender)) ?? [hour, 0];
    return counted === hour ? fields : 0;
  }

  add(sender: string, count: number, hour: number): void {
    if (count === 0) return;
    const table = this.#counts;
    if (table.size >= MAX_COUNTED_SENDERS) {
      for (const [key, [counted]] of table.entries()) if (counted !== hour) table.delete(key);
    }
    const before = this.of(sender, hour);
    table.set(this.#keyOf(sender), [hour, before + count]);
  }

  #keyOf(sender: string): string {
    const isCounted = this.#counts.has(sender) || this.#counts.size < MAX_COUNTED_SENDERS;
    return isCounted ? sender : OTHER_SENDERS;
  }
}
