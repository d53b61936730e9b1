import type { StateTable, StateTables } from '../../lib/state-tables.js';
import { TextHash } from '../../lib/text-hash.js';
import type { Series, Tag } from '../../sink/point.js';

/** What is known of a series or a field: the day it was last seen, and the `senderKey` of the record that brought it. */
type Entry = string;

/**
 * MeasurementCensus knows the series, the values of each tag and the fields of one measurement, as far as they were seen in
 * the days before. It is a view of state tables, and keeps nothing itself.
 */
export class MeasurementCensus {
  readonly measurement: string;
  readonly #state: StateTables;
  readonly #series: StateTable<Entry>;
  readonly #fields: StateTable<Entry>;
  readonly #tags = new Map<string, StateTable<number>>();
  /** How many series and fields each sender brought: kept, because to count them is to look at all of them. */
  readonly #sendersOfSeries: StateTable<number>;
  readonly #sendersOfFields: StateTable<number>;
  /** By measurement: a restart must not forget more than an undisturbed run. */
  readonly #sweptOnDay: StateTable<number>;

  constructor(measurement: string, state: StateTables) {
    this.measurement = measurement;
    this.#state = state;
    this.#series = state.table(`series/${measurement}`);
    this.#fields = state.table(`fields/${measurement}`);
    this.#sendersOfSeries = state.table(`series-clients/${measurement}`);
    this.#sendersOfFields = state.table(`field-clients/${measurement}`);
    this.#sweptOnDay = state.table('swept-on-day');
  }

  get seriesCount(): number {
    return this.#series.size;
  }

  get fieldCount(): number {
    return this.#fields.size;
  }

  tagValueCount(tag: string): number {
    return this.#tag(tag).size;
  }

  seriesOfSender(sender: string): number {
    return this.#sendersOfSeries.get(sender) ?? 0;
  }

  fieldsOfSender(sender: string): number {
    return this.#sendersOfFields.get(sender) ?? 0;
  }

  /** The keys of the senders that brought most series, the first with the most. */
  topSenders(limit: number): [sender: string, series: number][] {
    return topOf(this.#sendersOfSeries, limit);
  }

  /** The keys of the senders that brought most fields, the first with the most. */
  topFieldSenders(limit: number): [sender: string, fields: number][] {
    return topOf(this.#sendersOfFields, limit);
  }

  /** Whether the series is known; it counts as seen today then. */
  seeSeries(series: Series, day: number): boolean {
    const key = seriesKey(series);
    const known = this.#series.get(key);
    if (known === undefined) return false;
    const { day: seen, sender } = parsed(known);
    if (seen !== day) {
      this.#series.set(key, entry(day, sender));
      for (const tag of series.tags) this.#tag(tag.name).set(valueKey(tag), day);
    }
    return true;
  }

  hasTagValue(tag: Tag): boolean {
    return this.#tag(tag.name).get(valueKey(tag)) !== undefined;
  }

  addSeries(series: Series, day: number, sender: string): void {
    this.#series.set(seriesKey(series), entry(day, sender));
    this.#sendersOfSeries.set(sender, this.seriesOfSender(sender) + 1);
    for (const tag of series.tags) this.#tag(tag.name).set(valueKey(tag), day);
  }

  /** Whether the field is known; it counts as seen today then. */
  seeField(name: string, day: number): boolean {
    const known = this.#fields.get(name);
    if (known === undefined) return false;
    const { day: seen, sender } = parsed(known);
    if (seen !== day) this.#fields.set(name, entry(day, sender));
    return true;
  }

  addField(name: string, day: number, sender: string): void {
    this.#fields.set(name, entry(day, sender));
    this.#sendersOfFields.set(sender, this.fieldsOfSender(sender) + 1);
  }

  /**
   * Forgets what was not seen since a day, and returns true; at most once a day, because it looks at everything. Around midnight
   * records of both days come. An explanation must not hold up the pipeline, and forgets nothing.
   */
  forgetBefore(oldestDay: number, today: number): boolean {
    if (this.#state.isOverlay) return false;
    const sweptOn = this.#sweptOnDay.get(this.measurement);
    // A clock may have been far ahead.
    if (sweptOn !== undefined && sweptOn >= today && sweptOn - today <= 1) return false;
    this.#sweptOnDay.set(this.measurement, today);
    forget(this.#series, this.#sendersOfSeries, oldestDay);
    forget(this.#fields, this.#sendersOfFields, oldestDay);
    for (const name of this.#tagNames()) {
      const values = this.#tag(name);
      for (const [key, day] of values.entries()) if (day < oldestDay) values.delete(key);
    }
    return true;
  }

  /** The tags with their numbers of values, the first with the most. */
  tags(): { readonly tag: string; readonly values: number }[] {
    return this.#tagNames()
      .map((tag) => ({ tag, values: this.tagValueCount(tag) }))
      .sort((a, b) => b.values - a.values);
  }

  #tagNames(): string[] {
    const prefix = this.#tagTable('');
    return this.#state.names
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
  }

  #tag(name: string): StateTable<number> {
    let table = this.#tags.get(name);
    if (table === undefined) {
      table = this.#state.table<number>(this.#tagTable(name));
      this.#tags.set(name, table);
    }
    return table;
  }

  #tagTable(tag: string): string {
    // The length keeps the tags of `a` apart from those of `a/b`.
    return `tag/${this.measurement.length}/${this.measurement}/${tag}`;
  }
}

/** The measurements that a state knows. */
export function countedMeasurements(state: StateTables): string[] {
  return state.names.flatMap((name) => (name.startsWith('series/') ? [name.slice('series/'.length)] : []));
}

function seriesKey({ tags }: Series): string {
  const hash = new TextHash();
  for (const { name, value } of tags) hash.add(name).add(value);
  return hash.text;
}

function valueKey({ value }: Tag): string {
  return new TextHash().add(value).text;
}

function entry(day: number, sender: string): Entry {
  return `${day} ${sender}`;
}

function parsed(known: Entry): { readonly day: number; readonly sender: string } {
  const at = known.indexOf(' ');
  return { day: Number(known.slice(0, at)), sender: known.slice(at + 1) };
}

function topOf(counts: StateTable<number>, limit: number): [sender: string, count: number][] {
  return counts
    .entries()
    .sort((a, b) => b[1] - a[1])
    .slice(0, limit);
}

function forget(table: StateTable<Entry>, bySender: StateTable<number>, oldestDay: number): void {
  for (const [key, known] of table.entries()) {
    const { day, sender } = parsed(known);
    if (day >= oldestDay) continue;
    table.delete(key);
    const left = (bySender.get(sender) ?? 1) - 1;
    if (left > 0) bySender.set(sender, left);
    else bySender.delete(sender);
  }
}
