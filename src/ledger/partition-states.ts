import { type StateChange, StateTables } from '../lib/state-tables.js';

/** What a batch has changed in the state of one partition. */
export interface PartitionChanges {
  readonly partition: string;
  readonly changes: readonly StateChange[];
}

/** A worker reads a few shards at a time; the states of shards that were read long ago are dropped. */
const MAX_PARTITIONS = 1_000;

/**
 * What mapping remembers, for each partition of the stream on its own: the records of a partition are read in order by one
 * consumer, so that their points depend on no other partition. A partition that nothing is known of begins empty.
 */
export class PartitionStates {
  /** The one that was used last is the last of them. */
  readonly #states = new Map<string, StateTables>();
  #last: { readonly partition: string; readonly state: StateTables } | undefined;

  /** The states of all partitions that are known. */
  all(): readonly StateTables[] {
    return [...this.#states.values()];
  }

  of(partition: string): StateTables {
    if (this.#last?.partition === partition) return this.#last.state;
    const state = this.#states.get(partition) ?? new StateTables();
    this.#states.delete(partition);
    this.#states.set(partition, state);
    if (this.#states.size > MAX_PARTITIONS) this.#states.delete(this.#states.keys().next().value as string);
    this.#last = { partition, state };
    return state;
  }

  /** All partitions together, for a record of which nobody knows the partition. Its changes do not last. */
  overlay(): StateTables {
    return StateTables.over(this.all());
  }

  /** What has changed since the last call. */
  takeChanges(): PartitionChanges[] {
    return this.#taken((state) => state.takeChanges());
  }

  /** Everything, as changes from nothing. */
  takeAll(): PartitionChanges[] {
    return this.#taken((state) => state.takeAll());
  }

  restore({ partition, changes }: PartitionChanges): void {
    this.of(partition).restore(changes);
  }

  #taken(take: (state: StateTables) => StateChange[]): PartitionChanges[] {
    const taken: PartitionChanges[] = [];
    for (const [partition, state] of this.#states) {
      const changes = take(state);
      if (changes.length > 0) taken.push({ partition, changes });
    }
    return taken;
  }
}
