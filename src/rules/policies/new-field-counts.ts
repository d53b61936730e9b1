import type { StateTable, StateTables } from '../../lib/state-tables.js';

/** Clients whose new fields are counted at once; beyond that all others together share one budget. */
const MAX_COUNTED_CLIENTS = 10_000;
const OTHER_CLIENTS = '';

/** How many new fields each client has added in an hour. */
export class NewFieldCounts {
  readonly #counts: StateTable<[hour: number, fields: number]>;

  constructor(state: StateTables) {
    this.#counts = state.table('new-fields');
  }

  of(client: string, hour: number): number {
    const [counted, fields] = this.#counts.get(this.#keyOf(client)) ?? [hour, 0];
    return counted === hour ? fields : 0;
  }

  add(client: string, count: number, hour: number): void {
    if (count === 0) return;
    const table = this.#counts;
    if (table.size >= MAX_COUNTED_CLIENTS) {
      for (const [key, [counted]] of table.entries()) if (counted !== hour) table.delete(key);
    }
    const before = this.of(client, hour);
    table.set(this.#keyOf(client), [hour, before + count]);
  }

  #keyOf(client: string): string {
    const isCounted = this.#counts.has(client) || this.#counts.size < MAX_COUNTED_CLIENTS;
    return isCounted ? client : OTHER_CLIENTS;
  }
}
