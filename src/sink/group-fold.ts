import type { FieldSummary, StoredValue } from './field-summary.js';
import { sortedTags, type Tag } from './point.js';
import { binOf } from './quantile-sketch.js';
import { SummaryBuilder } from './summary-builder.js';
import type { FoldedGroup, FoldField, FoldQuery } from './window-reader.js';

interface OpenGroup {
  readonly tags: readonly Tag[];
  /** In the order of the query's fields; made with the first value of a field. */
  readonly builders: (SummaryBuilder | undefined)[];
}

/**
 * Folds the series of a window into groups, for a store that gives raw values. The series come one after another:
 * `beginSeries`, `add` for each point in the order of time, `endSeries`. Where each series is a group, a group is complete
 * with its series; otherwise all groups stay open until the last series.
 */
export class GroupFold {
  readonly #by: readonly string[] | undefined;
  readonly #fields: readonly FoldField[];
  readonly #sizeNs: number;
  readonly #open = new Map<string, OpenGroup>();
  #completed: FoldedGroup[] = [];
  #group: OpenGroup | undefined;
  #key = '';
  /** By field: whether the series that has begun has a value of it. */
  readonly #hasBegun: boolean[];

  constructor({ by, fields, fromNs, toNs }: Pick<FoldQuery, 'by' | 'fields' | 'fromNs' | 'toNs'>) {
    this.#by = by;
    this.#fields = fields;
    this.#sizeNs = Number(toNs - fromNs);
    this.#hasBegun = fields.map(() => false);
  }

  /** `key` orders the series of a group, for values of one time. */
  beginSeries(tags: readonly Tag[], key: string): void {
    this.#key = key;
    this.#group = this.#by === undefined ? { tags, builders: [] } : this.#groupOf(tags, this.#by);
  }

  /** `atNs` is ns since the start of the window, negative for the look-back. */
  add(field: number, value: StoredValue, atNs: number): void {
    const { builders } = this.#group!;
    builders[field] ??= new SummaryBuilder(this.#fields[field]!, this.#sizeNs, binOf);
    const builder = builders[field];
    if (!this.#hasBegun[field]) {
      this.#hasBegun[field] = true;
      builder.beginSeries(this.#key);
    }
    builder.add(value, atNs);
  }

  endSeries(): void {
    const group = this.#group!;
    for (const [field, hasBegun] of this.#hasBegun.entries()) {
      if (hasBegun) group.builders[field]!.endSeries();
      this.#hasBegun[field] = false;
    }
    if (this.#by === undefined) this.#complete(group);
  }

  /** How many groups `takeCompleted` would return. */
  get completed(): number {
    return this.#completed.length;
  }

  takeCompleted(): readonly FoldedGroup[] {
    const completed = this.#completed;
    this.#completed = [];
    return completed;
  }

  /** After the last series: completes the open groups, as many at a time as the caller takes. */
  *completeAll(): Generator<void, void, undefined> {
    for (const [key, group] of this.#open) {
      this.#open.delete(key);
      this.#complete(group);
      yield;
    }
  }

  #groupOf(tags: readonly Tag[], by: readonly string[]): OpenGroup {
    const values = by.map((name) => tags.find((tag) => tag.name === name)?.value ?? '');
    const key = JSON.stringify(values);
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const named = by.map((name, i) => ({ name, value: values[i]! }));
    const group = { tags: sortedTags(named.filter(({ value }) => value !== '')), builders: [] };
    this.#open.set(key, group);
    return group;
  }

  #complete({ tags, builders }: OpenGroup): void {
    const fields = new Map<string, FieldSummary>();
    for (const [field, builder] of builders.entries()) {
      const summary = builder?.summary();
      if (summary !== undefined) fields.set(this.#fields[field]!.name, summary);
    }
    if (fields.size > 0) this.#completed.push({ tags, fields });
  }
}
