/** A level of topics that have a value, and the levels below it. */
interface Level<Value> {
  value: Value | undefined;
  /** Most levels have one below, or none: a map each would cost more than all else. */
  only: { readonly name: string; readonly level: Level<Value> } | undefined;
  /** Those below, when they are or were more than one. */
  more: Map<string, Level<Value>> | undefined;
}

/** TopicTree has one value for a topic, and finds those that a topic filter matches without looking at the others. */
export class TopicTree<Value> {
  readonly #root: Level<Value> = newLevel();
  #levels = 0;

  /** How many levels all topics have together, the common ones once: what the tree costs in memory. */
  get levels(): number {
    return this.#levels;
  }

  get(topic: string): Value | undefined {
    let level: Level<Value> | undefined = this.#root;
    for (const name of topic.split('/')) {
      level = below(level, name);
      if (level === undefined) return undefined;
    }
    return level.value;
  }

  set(topic: string, value: Value): void {
    let level = this.#root;
    for (const name of topic.split('/')) {
      const next = below(level, name);
      if (next === undefined) this.#levels += 1;
      level = next ?? add(level, name);
    }
    level.value = value;
  }

  delete(topic: string): void {
    const names = topic.split('/');
    const path: Level<Value>[] = [];
    let level: Level<Value> | undefined = this.#root;
    for (const name of names) {
      path.push(level);
      level = below(level, name);
      if (level === undefined) return;
    }
    level.value = undefined;
    for (let at = names.length - 1; at >= 0 && isEmpty(level); at -= 1) {
      level = path[at]!;
      remove(level, names[at]!);
      this.#levels -= 1;
    }
  }

  /** All of them. It may be read slowly: what is set or deleted meanwhile is seen, or not. */
  values(): Iterable<Value> {
    return valuesFrom(this.#root);
  }

  /** Those that the filter matches, in the same way. */
  *matching(filter: string): Iterable<Value> {
    yield* matchingFrom(this.#root, filter.split('/'), 0);
  }
}

function newLevel<Value>(): Level<Value> {
  return { value: undefined, only: undefined, more: undefined };
}

function below<Value>(level: Level<Value>, name: string): Level<Value> | undefined {
  if (level.more !== undefined) return level.more.get(name);
  return level.only?.name === name ? level.only.level : undefined;
}

function add<Value>(level: Level<Value>, name: string): Level<Value> {
  const fresh: Level<Value> = newLevel();
  if (level.more !== undefined) level.more.set(name, fresh);
  else if (level.only === undefined) level.only = { name, level: fresh };
  else {
    level.more = new Map([
      [level.only.name, level.only.level],
      [name, fresh],
    ]);
    level.only = undefined;
  }
  return fresh;
}

function remove<Value>(level: Level<Value>, name: string): void {
  if (level.more === undefined) level.only = undefined;
  else if (level.more.delete(name) && level.more.size === 0) level.more = undefined;
}

function isEmpty({ value, only, more }: Level<unknown>): boolean {
  return value === undefined && only === undefined && more === undefined;
}

function* levelsBelow<Value>({ only, more }: Level<Value>): Iterable<readonly [string, Level<Value>]> {
  if (only !== undefined) yield [only.name, only.level];
  if (more !== undefined) yield* more;
}

function* valuesFrom<Value>(root: Level<Value>): Iterable<Value> {
  // Without recursion: a generator in each level would be passed through for every value.
  const open = [levelsBelow(root)[Symbol.iterator]()];
  if (root.value !== undefined) yield root.value;
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    const next = last.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    const [, level] = next.value;
    if (level.value !== undefined) yield level.value;
    if (level.only !== undefined || level.more !== undefined)
      open.push(levelsBelow(level)[Symbol.iterator]());
  }
}

function* matchingFrom<Value>(level: Level<Value>, filter: readonly string[], at: number): Iterable<Value> {
  const name = filter[at];
  if (name === undefined) {
    if (level.value !== undefined) yield level.value;
    return;
  }
  if (name !== '+' && name !== '#') {
    const next = below(level, name);
    if (next !== undefined) yield* matchingFrom(next, filter, at + 1);
    return;
  }
  if (name === '#' && at > 0) {
    // The level above is matched, too: sport/# matches sport (MQTT 3.1.1, 4.7.1.2).
    yield* valuesFrom(level);
    return;
  }
  for (const [levelName, next] of levelsBelow(level)) {
    // [MQTT-4.7.2-1]
    if (at === 0 && levelName.startsWith('$')) continue;
    if (name === '#') yield* valuesFrom(next);
    else yield* matchingFrom(next, filter, at + 1);
  }
}
