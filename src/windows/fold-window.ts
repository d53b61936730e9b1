import { SluiceError } from '../lib/errors.js';
import type { FieldSummary } from '../sink/field-summary.js';
import type { Point, Tag } from '../sink/point.js';
import type { FoldedGroup, RowsQuery, TagValues, WindowReader } from '../sink/window-reader.js';
import type { AggregateState } from './aggregate-state.js';
import { keptFromMs } from './kept-rows.js';
import { mergeSummaries } from './merge-summaries.js';
import { fieldsToRead, readRow } from './read-row.js';
import { INEXACT_FIELD } from './row-field-names.js';
import { type GroupKey, groupKeyOf, tagsOfGroup } from './window-marks.js';
import { rowFields } from './window-row.js';
import { nsOf, type Span } from './window-spans.js';
import type { WindowStores } from './window-stores.js';

/** A window of one level that is computed now. */
export interface FoldPlan {
  readonly state: AggregateState;
  /** Index into `state.levels`. */
  readonly level: number;
  readonly span: Span;
  /** Only these groups; absent: all. */
  readonly groups?: readonly GroupKey[];
  readonly isOpen: boolean;
  /** A row whose count would fall stays as it is. */
  readonly keepsCounts: boolean;
  /** What is older may be gone from the store, as far as its retention is known from the configuration, ms since 1970. */
  readonly nowMs: number;
}

export interface FoldResult {
  readonly rowsWritten: number;
  readonly rowsRefused: number;
  readonly rowsInexact: number;
  /** Why the store refused rows: its words for the first of them. */
  readonly refusal?: string;
  /** False: the points of the window may be gone, so nothing was computed. */
  readonly isComputed: boolean;
}

/** Rows written at a time, so that the points of the consumer are written in between. */
const ROWS_PER_WRITE = 5_000;

/** Computes a window from what the store has, and writes its rows. Rejects as the stores do. */
export async function foldWindow(
  plan: FoldPlan,
  stores: WindowStores,
  signal: AbortSignal,
): Promise<FoldResult> {
  const writer = new RowWriter(plan, stores, signal);
  const source = sourceOf(plan, stores);
  if (source === undefined) {
    await writer.markInexact();
    return writer.result(false);
  }
  if (plan.keepsCounts) await writer.readCounts();
  for await (const groups of source(signal)) {
    for (const { tags, fields, isInexact } of groups) writer.add(tags, fields, isInexact);
    await writer.writeFull();
  }
  await writer.writeRest();
  return writer.result(true);
}

interface ComputedGroup extends FoldedGroup {
  readonly isInexact: boolean;
}
type Source = (signal: AbortSignal) => AsyncIterable<readonly ComputedGroup[]>;

/** The finer rows that make up the window exactly, or the points; undefined where neither is kept that long. */
function sourceOf(plan: FoldPlan, stores: WindowStores): Source | undefined {
  const { state, level, span } = plan;
  for (let finer = level - 1; finer >= 0; finer--) {
    if (isMadeOf(state, finer, span) && keepsRows(plan, finer, stores)) {
      return (signal) => mergedRows(plan, finer, stores, signal);
    }
  }
  const oldestNs = stores.oldestKeptNs(state.aggregate.from);
  if (oldestNs !== undefined && oldestNs > nsOf(span.startMs)) return undefined;
  return (signal) => foldedPoints(plan, stores, signal);
}

/** Whether the window begins and ends with windows of a finer level. A day of Kathmandu does not with hours. */
function isMadeOf(state: AggregateState, finer: number, { startMs, endMs }: Span): boolean {
  const { spans } = state.levels[finer]!;
  return spans.latestWith(startMs).startMs === startMs && spans.latestWith(endMs).startMs === endMs;
}

function keepsRows({ state, span, nowMs }: FoldPlan, level: number, stores: WindowStores): boolean {
  return keptFromMs(state, level, stores, nowMs) <= span.startMs;
}

async function* foldedPoints(
  { state, span, groups }: FoldPlan,
  { points }: WindowStores,
  signal: AbortSignal,
): AsyncGenerator<readonly ComputedGroup[]> {
  const { aggregate, foldFields, reachMs } = state;
  const query = {
    ...spanNs(span),
    measurement: aggregate.from,
    ...(aggregate.by !== undefined && { by: aggregate.by }),
    fields: foldFields,
    lookbackMs: reachMs,
  };
  for (const only of slicesOf(groups, aggregate.by)) {
    for await (const part of queryable(points).fold({ ...query, ...only }, signal)) {
      yield part.map((group) => ({ ...group, isInexact: false }));
    }
  }
}

/** Reads the rows of a finer level, each series in the order of time, and merges them. */
async function* mergedRows(
  { state, span, groups }: FoldPlan,
  level: number,
  stores: WindowStores,
  signal: AbortSignal,
): AsyncGenerator<readonly ComputedGroup[]> {
  const { aggregate, inexact } = state;
  const { measurement, to } = aggregate.resolutions[level]!;
  // Of a finer window that could not be noted there may be no row that says so.
  const lacksRows = inexact.hasPartOf(span);
  const query = { ...spanNs(span), measurement, fields: fieldsToRead(aggregate) };
  for (const only of slicesOf(groups, aggregate.by)) {
    let merging: MergingGroup | undefined;
    for await (const rows of queryable(stores.rowsIn(to).reader).rows({ ...query, ...only }, signal)) {
      const done: ComputedGroup[] = [];
      for (const row of rows) {
        const key = groupKeyOf(row.tags);
        if (merging?.key !== key) {
          if (merging !== undefined) done.push(merging);
          merging = { key, tags: row.tags, fields: new Map(), isInexact: lacksRows };
        }
        const { summaries, isInexact } = readRow(aggregate, row);
        merging.isInexact ||= isInexact;
        for (const [name, after] of summaries) {
          const before = merging.fields.get(name);
          merging.fields.set(name, before === undefined ? after : mergeSummaries(before, after));
        }
      }
      yield done;
    }
    if (merging !== undefined) yield [merging];
  }
}

interface MergingGroup {
  readonly key: GroupKey;
  readonly tags: readonly Tag[];
  readonly fields: Map<string, FieldSummary>;
  isInexact: boolean;
}

/** Makes rows, writes them, and counts what became of them. */
class RowWriter {
  readonly #plan: FoldPlan;
  readonly #stores: WindowStores;
  readonly #signal: AbortSignal;
  /** Group → field → count in the row that is stored. */
  readonly #counts = new Map<GroupKey, ReadonlyMap<string, number>>();
  #rows: Point[] = [];
  #written = 0;
  #refused = 0;
  #inexact = 0;
  #refusal: string | undefined;

  constructor(plan: FoldPlan, stores: WindowStores, signal: AbortSignal) {
    this.#plan = plan;
    this.#stores = stores;
    this.#signal = signal;
  }

  result(isComputed: boolean): FoldResult {
    return {
      rowsWritten: this.#written,
      rowsRefused: this.#refused,
      rowsInexact: this.#inexact,
      ...(this.#refusal !== undefined && { refusal: this.#refusal }),
      isComputed,
    };
  }

  add(tags: readonly Tag[], summaries: ReadonlyMap<string, FieldSummary>, lacksValues: boolean): void {
    if (summaries.size === 0) return;
    const { aggregate } = this.#plan.state;
    if (this.#wouldFall(tags, summaries)) {
      this.#addInexact(tags);
      return;
    }
    const isInexact = lacksValues || [...summaries.values()].some(({ top }) => top?.isExact === false);
    if (isInexact) this.#inexact++;
    const markers = { isOpen: this.#plan.isOpen, isInexact };
    this.#rows.push(this.#row(tags, rowFields(aggregate, summaries, markers)));
  }

  /** The rows of the window that are stored stay, and say that they do not have all. */
  async markInexact(): Promise<void> {
    for await (const rows of this.#stored([INEXACT_FIELD])) {
      for (const { tags } of rows) this.#addInexact(tags);
      await this.writeFull();
    }
    await this.writeRest();
  }

  async readCounts(): Promise<void> {
    const { aggregate } = this.#plan.state;
    for await (const rows of this.#stored(fieldsToRead(aggregate))) {
      for (const row of rows) {
        const { summaries } = readRow(aggregate, row);
        const counts = new Map([...summaries].map(([name, { count }]) => [name, count]));
        this.#counts.set(groupKeyOf(row.tags), counts);
      }
    }
  }

  async writeFull(): Promise<void> {
    while (this.#rows.length >= ROWS_PER_WRITE) await this.#write(this.#rows.splice(0, ROWS_PER_WRITE));
  }

  async writeRest(): Promise<void> {
    await this.writeFull();
    if (this.#rows.length > 0) await this.#write(this.#rows.splice(0));
  }

  async #write(rows: readonly Point[]): Promise<void> {
    const { to } = this.#resolution;
    const rejections = await this.#stores.rowsIn(to).write(rows, this.#signal);
    this.#written += rows.length - rejections.length;
    this.#refused += rejections.length;
    this.#refusal ??= rejections[0]?.reason;
  }

  async *#stored(
    fields: readonly string[],
  ): AsyncIterable<readonly { tags: readonly Tag[]; fields: Point['fields']; timestampNs: bigint }[]> {
    const { span, groups, state } = this.#plan;
    const { measurement, to } = this.#resolution;
    const atStart = { fromNs: nsOf(span.startMs), toNs: nsOf(span.startMs) + 1n };
    const reader = queryable(this.#stores.rowsIn(to).reader);
    for (const only of slicesOf(groups, state.aggregate.by)) {
      yield* reader.rows({ measurement, fields, ...atStart, ...only }, this.#signal);
    }
  }

  #wouldFall(tags: readonly Tag[], summaries: ReadonlyMap<string, FieldSummary>): boolean {
    const counts = this.#counts.get(groupKeyOf(tags));
    if (counts === undefined) return false;
    return [...counts].some(([name, count]) => (summaries.get(name)?.count ?? 0) < count);
  }

  #addInexact(tags: readonly Tag[]): void {
    this.#inexact++;
    this.#rows.push(this.#row(tags, [{ name: INEXACT_FIELD, type: 'boolean', value: true }]));
  }

  #row(tags: readonly Tag[], fields: Point['fields']): Point {
    const { measurement } = this.#resolution;
    return { series: { measurement, tags }, fields, timestampNs: nsOf(this.#plan.span.startMs) };
  }

  get #resolution() {
    return this.#plan.state.aggregate.resolutions[this.#plan.level]!;
  }
}

const GROUPS_PER_QUERY = 1_000;

/** The groups as a reader takes them, so many at a time. */
function slicesOf(
  groups: readonly GroupKey[] | undefined,
  by: readonly string[] | undefined,
): Pick<RowsQuery, 'only'>[] {
  if (groups === undefined) return [{}];
  const tagSets = groups.map((group) => new Map(tagsOfGroup(group).map(({ name, value }) => [name, value])));
  const tags = by ?? [...new Set(tagSets.flatMap((set) => [...set.keys()]))];
  if (tags.length === 0) return [{}];
  const values = tagSets.map((set): TagValues => tags.map((tag) => set.get(tag) ?? ''));
  const slices: Pick<RowsQuery, 'only'>[] = [];
  for (let at = 0; at < values.length; at += GROUPS_PER_QUERY) {
    slices.push({ only: { tags, values: values.slice(at, at + GROUPS_PER_QUERY) } });
  }
  return slices;
}

function spanNs({ startMs, endMs }: Span): { fromNs: bigint; toNs: bigint } {
  return { fromNs: nsOf(startMs), toNs: nsOf(endMs) };
}

function queryable(reader: WindowReader | undefined): WindowReader {
  if (reader !== undefined) return reader;
  throw new SluiceError(
    'SINK_QUERY_UNSUPPORTED',
    'windows are computed from the store, and this one cannot be queried',
  );
}
