import type { ParkedOverview } from './parked-head.js';

/** Where the line of a parked record is: with it the record is read without a search. */
export interface RecordPlace {
  readonly id: string;
  /** The folder inside the dead letter; '' is the dead letter itself. */
  readonly folder: string;
  /** Number of the parked file. */
  readonly file: number;
  /** Byte offset of the line, and the one behind its line feed. */
  readonly at: number;
  readonly end: number;
}

/** Clocks are changed on a quarter of an hour, everywhere since 1972: sums of quarters give the hours and days of any zone. */
export const MS_PER_QUARTER = 900_000;
/** A day has up to 25 hours, and the hour that is going on is not over. */
const QUARTERS_KEPT = 26 * 4;
const MAX_TOPICS = 10;
const MAX_TOPIC_CHARACTERS = 256;
/** Places are thinned out to half when there are so many. */
const MAX_PLACES = 40;
/** What stays of them in a file that grows no more: there can be hundreds of such files. */
const MAX_PLACES_AT_REST = 8;

/** What is known of the records of one file, or of all files, that are parked for one reason by one rule. Its size is bounded. */
export class ParkedGroup {
  readonly code: string;
  readonly rule: string | undefined;
  count = 0;
  withoutPayload = 0;
  firstMs = Number.POSITIVE_INFINITY;
  lastMs = Number.NEGATIVE_INFINITY;
  /** Quarter of an hour since 1970 → records that were parked in it; only the newest are kept. */
  readonly quarters = new Map<number, number>();
  /** The first topics that were seen, with their records. */
  readonly topics = new Map<string, number>();
  /** Records of other topics. */
  ofOtherTopics = 0;
  /** The newest record. */
  newest: RecordPlace | undefined;
  /** Records with a payload, spread evenly over all of the file, oldest first. */
  #places: RecordPlace[] = [];
  /** One record in so many has its place kept. */
  #stride = 1;
  #untilNext = 0;

  constructor(code: string, rule: string | undefined) {
    this.code = code;
    this.rule = rule;
  }

  static keyOf(code: string, rule: string | undefined): string {
    return JSON.stringify([code, rule]);
  }

  get places(): readonly RecordPlace[] {
    return this.#places;
  }

  /** Records are added in the order in which they were parked. */
  add({ parkedAtMs, topic, isPayloadKept }: ParkedOverview, place: RecordPlace): void {
    this.count += 1;
    this.firstMs = Math.min(this.firstMs, parkedAtMs);
    this.lastMs = Math.max(this.lastMs, parkedAtMs);
    increase(this.quarters, Math.floor(parkedAtMs / MS_PER_QUARTER), 1);
    if (this.quarters.size > QUARTERS_KEPT) this.#forgetOldest();
    const name = cut(topic);
    if (this.topics.size < MAX_TOPICS || this.topics.has(name)) increase(this.topics, name, 1);
    else this.ofOtherTopics += 1;
    this.newest = place;
    if (isPayloadKept) this.#keep(place);
    else this.withoutPayload += 1;
  }

  /** Adds what another file has of the same group; `other` is newer. */
  addAll(other: ParkedGroup): void {
    this.count += other.count;
    this.withoutPayload += other.withoutPayload;
    this.firstMs = Math.min(this.firstMs, other.firstMs);
    if (this.newest === undefined || other.lastMs >= this.lastMs) this.newest = other.newest;
    this.lastMs = Math.max(this.lastMs, other.lastMs);
    for (const [quarter, records] of other.quarters) increase(this.quarters, quarter, records);
    for (const [topic, records] of other.topics) increase(this.topics, topic, records);
    this.ofOtherTopics += other.ofOtherTopics;
    this.#places = [...this.#places, ...other.places];
  }

  /** Up to `most` of the places, spread evenly, the newest among them. */
  spread(most: number): RecordPlace[] {
    const { length } = this.#places;
    if (length <= most) return [...this.#places];
    const step = (length - 1) / (most - 1);
    return Array.from({ length: most }, (_, index) => this.#places[Math.round(index * step)]!);
  }

  /** For a file that grows no more: makes the group smaller. */
  rest(): void {
    if (this.#places.length > MAX_PLACES_AT_REST) this.#places = this.spread(MAX_PLACES_AT_REST);
  }

  /** Quarters before the day that ends now are never asked for again. */
  forgetBefore(nowMs: number): void {
    const oldest = Math.floor(nowMs / MS_PER_QUARTER) - QUARTERS_KEPT;
    for (const quarter of this.quarters.keys()) if (quarter < oldest) this.quarters.delete(quarter);
  }

  #keep(place: RecordPlace): void {
    if (this.#untilNext > 0) {
      this.#untilNext -= 1;
      return;
    }
    this.#places.push(place);
    if (this.#places.length >= MAX_PLACES) {
      this.#places = this.#places.filter((_, index) => index % 2 === 0);
      this.#stride *= 2;
    }
    this.#untilNext = this.#stride - 1;
  }

  #forgetOldest(): void {
    this.quarters.delete(Math.min(...this.quarters.keys()));
  }
}

function increase<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function cut(topic: string): string {
  return topic.length <= MAX_TOPIC_CHARACTERS ? topic : `${topic.slice(0, MAX_TOPIC_CHARACTERS)}…`;
}
