import type { Clock } from '../lib/clock.js';
import type { StreamRecord } from '../stream/stream.js';
import type {
  Arrival,
  ArrivalReport,
  ArrivalsAnswer,
  ArrivalsQuestion,
  ArrivalsScope,
  ArrivalsSource,
  ArrivalsWatch,
  ArrivedMessage,
} from './arrival.js';
import { isFound, searchable } from './arrival-search.js';
import { arrivedMessage } from './arrived-message.js';
import { LastArrivals } from './last-arrivals.js';
import { Watcher } from './watcher.js';

/** A sample of everything has one message in this time. */
export const SAMPLE_EVERY_MS = 1_000;
/** So many messages that are not done are followed; the oldest are given up first. */
export const MAX_FOLLOWED = 500;
/** Each different search is compared with every message. */
export const MAX_SEARCHES = 8;

const NOT_SEEN = 'Nobody watched any more when its outcome became known.';

export interface ArrivalsDeps {
  readonly scope: ArrivalsScope;
  readonly clock: Clock;
  /** Called when the first one begins to watch, and when the last one ends. */
  readonly onWatched: (isWatched: boolean) => void;
  /** Called when there is a record that the consumer must be asked about. */
  readonly onFollow: () => void;
}

/** Whom a message is shown to. Those who search for its device join when that is known. */
interface Chosen {
  readonly watchers: Set<Watcher>;
  /** Those who would see it if there were not so many. */
  readonly omittedBy: Set<Watcher>;
}

/** A message that is shown, until its outcome is known. */
interface Followed extends Chosen {
  arrival: Arrival;
  names: readonly string[];
}

/**
 * The messages that arrive, for those who watch. It chooses some of the records that the bridge takes, and joins each with
 * what the consumer reports of it. While nobody watches, nobody calls it.
 */
export class Arrivals implements ArrivalsSource {
  readonly scope: ArrivalsScope;
  readonly #clock: Clock;
  readonly #onWatched: ArrivalsDeps['onWatched'];
  readonly #onFollow: ArrivalsDeps['onFollow'];
  readonly #watchers = new Set<Watcher>();
  readonly #followed = new Map<string, Followed>();
  readonly #last = new LastArrivals();
  #searches: readonly string[] = [];
  #wantsSample = false;
  #toFollow: string[] = [];
  #sampleAtMs = 0;

  constructor({ scope, clock, onWatched, onFollow }: ArrivalsDeps) {
    this.scope = scope;
    this.#clock = clock;
    this.#onWatched = onWatched;
    this.#onFollow = onFollow;
  }

  hasRoomFor(search: string | undefined): boolean {
    const isNew = search !== undefined && !this.#searches.includes(search);
    return !isNew || this.#searches.length < MAX_SEARCHES;
  }

  watch(search: string | undefined, onArrival: (arrival: Arrival) => void): ArrivalsWatch {
    const watcher = new Watcher(search, onArrival, this.#clock.monotonicMs());
    this.#watchers.add(watcher);
    this.#noteWanted();
    if (this.#watchers.size === 1) this.#onWatched(true);
    return {
      end: () => this.#end(watcher),
      takeOmitted: () => watcher.takeOmitted(),
    };
  }

  last(asked: { readonly device: string } | { readonly topic: string }): Arrival | undefined {
    const arrival = 'device' in asked ? this.#last.ofDevice(asked.device) : this.#last.ofTopic(asked.topic);
    if (arrival?.outcome !== 'waiting' || this.#followed.has(arrival.id)) return arrival;
    return { ...arrival, outcome: 'unknown', reason: NOT_SEEN };
  }

  /**
   * Called by the bridge with each record before it is appended, while somebody watches. Returns what is to be called once
   * the record is durable. A message is shown from then on: before, its sender was promised nothing.
   */
  accepted(record: StreamRecord, stored: () => void): () => void {
    const chosen = this.#chosenFor(record);
    if (chosen === undefined) return stored;
    const followed = this.#follow(arrivedMessage(record), chosen);
    this.#toFollow.push(followed.arrival.id);
    this.#onFollow();
    return () => {
      const loggedMs = Number(this.#clock.nowNs() / 1_000_000n);
      const { arrival } = followed;
      followed.arrival = { ...arrival, steps: { ...arrival.steps, loggedMs } };
      this.#show(followed);
      stored();
    };
  }

  /** What the consumer is to be asked next. */
  takeQuestion(): ArrivalsQuestion {
    const follow = this.#toFollow;
    this.#toFollow = [];
    return {
      isWatched: this.#watchers.size > 0,
      chooses: this.scope.sees === 'storing' ? 'all' : 'devices',
      wantsSample: this.#wantsSample,
      searches: this.#searches,
      follow,
    };
  }

  take({ reports, omitted }: ArrivalsAnswer): void {
    for (const report of reports) this.#takeReport(report);
    for (const { search, records } of omitted) {
      for (const watcher of this.#watchers) if (watcher.search === search) watcher.addOmitted(records);
    }
  }

  #takeReport({ id, result, steps, names, message, isSample }: ArrivalReport): void {
    if (this.#watchers.size === 0) return;
    const followed = this.#followed.get(id) ?? (message && this.#follow(message, newChosen()));
    if (followed === undefined) return;
    const { arrival, watchers } = followed;
    followed.arrival = { ...arrival, ...result, steps: { ...arrival.steps, ...steps } };
    followed.names = names;
    if (isSample === true) this.#addSamplers(watchers);
    this.#join(followed);
    if (result.outcome !== 'waiting') this.#followed.delete(id);
    this.#show(followed);
  }

  #follow(message: ArrivedMessage, chosen: Chosen): Followed {
    const arrival: Arrival = { ...message, outcome: 'waiting', steps: { receivedMs: message.atMs } };
    const followed: Followed = { ...chosen, arrival, names: [] };
    this.#followed.set(message.id, followed);
    if (this.#followed.size > MAX_FOLLOWED) {
      const [oldest] = this.#followed.keys();
      this.#followed.delete(oldest!);
    }
    return followed;
  }

  /** Shows it also to those who search for a name that has become known. */
  #join({ arrival, names, watchers, omittedBy }: Followed): void {
    if (this.#searches.length === 0) return;
    const nowMs = this.#clock.monotonicMs();
    const texts = searchable([arrival.topic, arrival.client, ...names]);
    for (const watcher of this.#watchers) {
      const { search } = watcher;
      if (search === undefined || watchers.has(watcher) || omittedBy.has(watcher)) continue;
      if (!isFound(search, texts)) continue;
      (watcher.admits(nowMs) ? watchers : omittedBy).add(watcher);
    }
  }

  /** Those who are shown a record; undefined: nobody is. */
  #chosenFor({ topic, clientId }: StreamRecord): Chosen | undefined {
    const nowMs = this.#clock.monotonicMs();
    const isSample = this.#wantsSample && nowMs >= this.#sampleAtMs;
    const texts = this.#searches.length === 0 ? [] : searchable([topic, clientId]);
    if (!isSample && !this.#searches.some((search) => isFound(search, texts))) return undefined;
    const chosen = newChosen();
    for (const watcher of this.#watchers) {
      const { search } = watcher;
      if (search === undefined || !isFound(search, texts)) continue;
      (watcher.admits(nowMs) ? chosen.watchers : chosen.omittedBy).add(watcher);
    }
    if (isSample) {
      this.#sampleAtMs = nowMs + SAMPLE_EVERY_MS;
      this.#addSamplers(chosen.watchers);
    }
    return chosen.watchers.size === 0 ? undefined : chosen;
  }

  #addSamplers(watchers: Set<Watcher>): void {
    for (const watcher of this.#watchers) if (watcher.search === undefined) watchers.add(watcher);
  }

  #show({ arrival, names, watchers }: Followed): void {
    if (this.#watchers.size === 0) return;
    this.#last.note(arrival, names);
    for (const watcher of watchers) if (this.#watchers.has(watcher)) watcher.onArrival(arrival);
  }

  #end(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher)) return;
    this.#noteWanted();
    if (this.#watchers.size > 0) return;
    this.#followed.clear();
    this.#toFollow = [];
    this.#onWatched(false);
  }

  /** What is looked for with each record is worked out once. */
  #noteWanted(): void {
    const searches = new Set<string>();
    this.#wantsSample = false;
    for (const { search } of this.#watchers) {
      if (search === undefined) this.#wantsSample = true;
      else searches.add(search);
    }
    this.#searches = [...searches];
  }
}

function newChosen(): Chosen {
  return { watchers: new Set(), omittedBy: new Set() };
}
