/** What a table can hold: it is written as JSON. */
export type StateValue = string | number | boolean | null | StateValue[] | { [key: string]: StateValue };

/** A change of one key: its new value, or its end. */
export type StateChange =
  | readonly [table: string, key: string, value: StateValue]
  | readonly [table: string, key: string];

/**
 * StateTables is what mapping remembers from one record to the next, by the names of its tables. It is a function of the
 * records before, so that the same records give the same points after a restart: the one that completes a batch
 * saves the changes of that batch together with its position. Invariants:
 * 1. A value is replaced and never changed in place: a change of its inside would not be saved.
 * 2. The order of keys means nothing: it may differ after a restart.
 * 3. The writer of a table bounds it.
 */
export class StateTables {
  readonly #tables = new Map<string, StateTable<StateValue>>();
  readonly #below: StateTables | undefined;

  constructor(below?: StateTables) {
    this.#below = below;
  }

  /** The table of a name; it is made when it is not there yet. */
  table<Value extends StateValue>(name: string): StateTable<Value> {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new StateTable<StateValue>(this.#below?.table(name));
      this.#tables.set(name, table);
    }
    return table as unknown as StateTable<Value>;
  }

  /** The same tables for somebody whose changes must not last, such as a replay: they are not seen here. */
  overlay(): StateTables {
    return new StateTables(this);
  }

  /** The changes since the last call, in any order; each key at most once. */
  takeChanges(): StateChange[] {
    const changes: StateChange[] = [];
    for (const [name, table] of this.#tables) {
      for (const key of table.takeChangedKeys()) {
        const value = table.get(key);
        changes.push(value === undefined ? [name, key] : [name, key, value]);
      }
    }
    return changes;
  }

  /** Every key with its value, as changes from nothing; they count as taken. */
  takeAll(): StateChange[] {
    this.takeChanges();
    return [...this.#tables].flatMap(([name, table]) =>
      table.entries().map(([key, value]): StateChange => [name, key, value]),
    );
  }

  /** Applies changes that are saved already: they are not taken again. */
  restore(changes: Iterable<StateChange>): void {
    for (const [name, key, value] of changes) this.table(name).restore(key, value);
  }
}

/** StateTable maps keys to values and knows which of them have changed. */
export class StateTable<Value extends StateValue> {
  readonly #values = new Map<string, Value | undefined>();
  readonly #changed = new Set<string>();
  readonly #below: StateTable<Value> | undefined;

  constructor(below?: StateTable<Value>) {
    this.#below = below;
  }

  get(key: string): Value | undefined {
    if (this.#below === undefined) return this.#values.get(key);
    return this.#values.has(key) ? this.#values.get(key) : this.#below.get(key);
  }

  set(key: string, value: Value): void {
    this.#values.set(key, value);
    this.#changed.add(key);
  }

  delete(key: string): void {
    // An overlay hides the key of the table below.
    if (this.#below === undefined) this.#values.delete(key);
    else this.#values.set(key, undefined);
    this.#changed.add(key);
  }

  /** The number of keys. It is exact below an overlay, and in an overlay an upper bound. */
  get size(): number {
    return this.#values.size + (this.#below?.size ?? 0);
  }

  entries(): [string, Value][] {
    const all = new Map<string, Value | undefined>([...(this.#below?.entries() ?? []), ...this.#values]);
    return [...all].flatMap(([key, value]): [string, Value][] => (value === undefined ? [] : [[key, value]]));
  }

  takeChangedKeys(): string[] {
    if (this.#changed.size === 0) return [];
    const keys = [...this.#changed];
    this.#changed.clear();
    return keys;
  }

  restore(key: string, value: Value | undefined): void {
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
  }
}
