import type { Clock } from '../lib/clock.js';
import { SluiceError } from '../lib/errors.js';
import type { StateTables } from '../lib/state-tables.js';
import type { FollowedRecords } from '../rules/followed-record.js';
import { compileTopicPattern } from '../rules/topic-pattern.js';
import type { StreamRecord } from '../stream/stream.js';
import { type AfterMapping, Follower } from './follower.js';
import type { Mapping } from './rules-in-force.js';

const MAX_FOLLOWERS = 4;

/** Those who follow the records of the consumer with an explanation. While there is none they cost one comparison a record. */
export class Followers {
  readonly #clock: Clock;
  readonly #afterMapping: AfterMapping;
  readonly #followers = new Map<number, Follower>();
  #nextId = 1;
  #isEmpty = true;

  constructor(clock: Clock, afterMapping: AfterMapping = {}) {
    this.#clock = clock;
    this.#afterMapping = afterMapping;
  }

  /** Maps records, and shows each to the followers before it changes the state that it is mapped by. */
  watching(mapping: Mapping): Mapping['apply'] {
    const { apply } = mapping;
    return (record, state) => {
      if (!this.#isEmpty) this.#show(record, mapping, state);
      return apply(record, state);
    };
  }

  /** Begins to follow the records whose topics match the MQTT filter; returns the id for `next` and `end`. */
  follow(filter: string, withPayloads = false): number {
    if (this.#followers.size >= MAX_FOLLOWERS) {
      throw new SluiceError(
        'CONTROL_FAILED',
        `${MAX_FOLLOWERS} others follow this gateway already; end one of them`,
      );
    }
    const compiled = compileTopicPattern(filter);
    if (!compiled.ok) throw new SluiceError('USAGE_INVALID', `the topic filter: ${compiled.problem}`);
    const id = this.#nextId++;
    this.#followers.set(id, new Follower(compiled.pattern, this.#clock, this.#afterMapping, withPayloads));
    this.#isEmpty = false;
    return id;
  }

  async next(id: number): Promise<FollowedRecords> {
    return (await this.#followers.get(id)?.next()) ?? { records: [], skipped: 0, isEnded: true };
  }

  end(id: number): void {
    this.#followers.get(id)?.end();
    this.#followers.delete(id);
    this.#isEmpty = this.#followers.size === 0;
  }

  /** Ends all of them. */
  close(): void {
    for (const id of [...this.#followers.keys()]) this.end(id);
  }

  #show(record: StreamRecord, mapping: Mapping, state: StateTables): void {
    for (const [id, follower] of this.#followers) {
      try {
        follower.see(record, mapping, state);
      } catch {
        // A bug in an explanation must not stop the pipeline; the follower sees that it ends.
        this.end(id);
      }
    }
  }
}
