/** What a table can hold: it is written as JSON. */
export type StateValue = string | number | boolean | null | StateValue[] | { [key: string]: StateValue };

/** A change of one key: its new value, or its end; or the end of a table. */
export type StateChange =
  | readonly [table: string, key: string, value: StateValue]
  | readonly [table: string, key: string]
  | readonly [droppedTable: string];

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
  readonly #dropped = new Set<string>();
  readonly #beforeTaking = new Map<string, () => void>();
  #below: readonly StateTables[] = [];

  /** The tables of all of `below` together, for somebody whose changes must not last, such as a replay. */
  static over(below: readonly StateTables[]): StateTables {
    const state = new StateTables();
    state.#below = below;
    return state;
  }

  /** The table of a name; it is made when it is not there yet. */
  table<Value extends StateValue>(name: string): StateTable<Value> {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new StateTable<StateValue>(this.isOverlay ? () => this.#tablesBelow(name) : undefined);
      this.#tables.set(name, table);
    }
    return table as unknown as StateTable<Value>;
  }

  /** The same tables for somebody whose changes must not last: they are not seen here. */
  overlay(): StateTables {
    return StateTables.over([this]);
  }

  /** `write` puts into the tables what was kept elsewhere until then; it takes the place of the one with the same name. */
  beforeTaking(name: string, write: () => void): void {
    this.#beforeTaking.set(name, write);
  }

  /** Whether the changes here do not last. */
  get isOverlay(): boolean {
    return this.#below.length > 0;
  }

  /** The tables that an overlay lies over. */
  get below(): readonly StateTables[] {
    return this.#below;
  }

  /** Drops a table with all its keys at once, and what was kept elsewhere under its name. */
  drop(name: string): void {
    this.#beforeTaking.delete(name);
    if (!this.#tables.has(name) && this.#below.length === 0) return;
    // An overlay keeps an empty table that hides the one below.
    if (this.#below.length === 0) this.#tables.delete(name);
    else this.#tables.set(name, new StateTable());
    this.#dropped.add(name);
  }

  /** The names of the tables that hold something of their own. */
  get names(): readonly string[] {
    return [...this.#tables.keys()];
  }

  /** The changes since the last call: dropped tables first, then each key at most once, in any order. */
  takeChanges(): StateChange[] {
    for (const write of this.#beforeTaking.values()) write();
    const changes: StateChange[] = [...this.#dropped].map((name) => [name]);
    this.#dropped.clear();
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

  /** Of those below that have one: to look must make none there. */
  #tablesBelow(name: string): StateTable<StateValue>[] {
    return this.#below.flatMap((below) => below.#existing(name) ?? []);
  }

  #existing(name: string): StateTable<StateValue> | undefined {
    const own = this.#tables.get(name);
    if (own !== undefined || this.#tablesBelow(name).length === 0) return own;
    return this.table<StateValue>(name) as StateTable<StateValue>;
  }

  /** Applies changes that are saved already: they are not taken again. */
  restore(changes: Iterable<StateChange>): void {
    for (const [name, key, value] of changes) {
      if (key === undefined) this.#tables.delete(name);
      else this.table(name).restore(key, value);
    }
  }
}

/** StateTable maps keys to values and knows which of them have changed. */
export class StateTable<Value extends StateValue> {
  readonly #values = new Map<string, Value | undefined>();
  readonly #changed = new Set<string>();
  /** Present in an overlay. */
  readonly #below: (() => readonly StateTable<Value>[]) | undefined;
  /** Of an overlay: keys that are only here, less those of below that are hidden. */
  #more = 0;

  constructor(below?: () => readonly StateTable<Value>[]) {
    this.#below = below;
  }

  get(key: string): Value | undefined {
    if (this.#below === undefined || this.#values.has(key)) return this.#values.get(key);
    for (const table of this.#below()) {
      const value = table.get(key);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  set(key: string, value: Value): void {
    if (this.#below !== undefined && !this.has(key)) this.#more += 1;
    this.#values.set(key, value);
    this.#changed.add(key);
  }

  delete(key: string): void {
    if (this.#below === undefined) this.#values.delete(key);
    else {
      if (this.has(key)) this.#more -= 1;
      // An overlay hides the key of the table below.
      this.#values.set(key, undefined);
    }
    this.#changed.add(key);
  }

  /** The number of keys. Over several tables the largest of them counts: each is bounded on its own. */
  get size(): number {
    if (this.#below === undefined) return this.#values.size;
    return Math.max(0, ...this.#below().map(({ size }) => size)) + this.#more;
  }

  entries(): [string, Value][] {
    const below = this.#below?.() ?? [];
    const inherited = below.toReversed().flatMap((table) => table.entries());
    const all = new Map<string, Value | undefined>([...inherited, ...this.#values]);
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
