import type { AggregateState } from './aggregate-state.js';
import type { CountsLine, SavedMark, SnapshotLine, ValueCounts } from './journal-lines.js';
import { layoutOf, type ResolutionLayout } from './layout.js';
import type { WindowsJournal } from './windows-journal.js';

type Waiting = CountsLine['waiting'][number];

/** The counts of values at a position. */
interface Noted {
  readonly position: string;
  readonly counts: Readonly<Record<string, ValueCounts>>;
  readonly waiting: readonly Waiting[];
}

/**
 * Saves the counts of values with the consumer's position, so that both fit after a crash: the records behind the position
 * are read again, and counted again.
 */
export class WindowsCheckpoint {
  readonly #states: readonly AggregateState[];
  readonly #journal: WindowsJournal;
  /** Of all aggregates that ever had windows: one that is configured again later must be what it was. */
  readonly #savedLayouts: SnapshotLine['layouts'];
  #noted: Noted | undefined;
  /** The values that wait for each window as the lines say; NaN where a fold makes that depend on their order. */
  #saved = new Map<string, Waiting>();
  /** Windows that were computed since the counts were noted, in which values waited then. */
  readonly #foldedSince = new Set<string>();

  constructor(
    states: readonly AggregateState[],
    journal: WindowsJournal,
    savedLayouts: SnapshotLine['layouts'],
  ) {
    this.#states = states;
    this.#journal = journal;
    this.#savedLayouts = savedLayouts;
  }

  /** Begins the journal of this process. */
  async begin(position: string): Promise<void> {
    this.note(position);
    await this.#beginFile(this.#noted!);
  }

  /** The counts as they are now belong to this position. */
  note(position: string): void {
    const counts = Object.fromEntries(this.#states.map(({ aggregate, values }) => [aggregate.name, values]));
    const waiting: Waiting[] = [];
    for (const { aggregate, finest } of this.#states) {
      for (const { span, values, folding } of finest.marks.all()) {
        // A rebuild marks a hundred thousand windows that no value waits for.
        if (values + folding > 0) waiting.push([aggregate.name, span.startMs, values + folding]);
      }
    }
    this.#noted = { position, counts, waiting };
    this.#foldedSince.clear();
  }

  /** Resolves when the counts of the position are durable. */
  async save(position: string): Promise<void> {
    const noted = this.#noted;
    if (noted?.position !== position)
      throw new Error(`the counts are of ${noted?.position}, not at ${position}`);
    if (this.#journal.wantsSnapshot) return this.#beginFile(noted);
    const changed = this.#changed(noted.waiting);
    this.#noteSaved(noted.waiting);
    this.#journal.append({ kind: 'counts', position, counts: noted.counts, waiting: changed });
    await this.#journal.flush();
  }

  /**
   * A line says that a window was computed. Counts that are of a time before that have to say what waited for it, in each
   * line: they also say that it is not aggregated yet.
   */
  noteFolded(aggregate: string, startMs: number): void {
    const key = keyOf(aggregate, startMs);
    this.#foldedSince.add(key);
    this.#saved.set(key, [aggregate, startMs, Number.NaN]);
  }

  /** The line is durable with the next `flush` of the journal. */
  noteInexact({ aggregate, inexact }: AggregateState): void {
    this.#journal.append({ kind: 'inexact', aggregate: aggregate.name, ranges: inexact.all });
  }

  #changed(waiting: readonly Waiting[]): Waiting[] {
    const now = new Map(waiting.map((one) => [keyOf(one[0], one[1]), one]));
    const changed = waiting.filter(([name, startMs, values]) => {
      const key = keyOf(name, startMs);
      return this.#foldedSince.has(key) || this.#saved.get(key)?.[2] !== values;
    });
    for (const [key, [name, startMs]] of this.#saved) if (!now.has(key)) changed.push([name, startMs, 0]);
    return changed;
  }

  #noteSaved(waiting: readonly Waiting[]): void {
    this.#saved = new Map(
      waiting.map(([name, startMs, values]) => {
        const key = keyOf(name, startMs);
        return [key, [name, startMs, this.#foldedSince.has(key) ? Number.NaN : values]];
      }),
    );
  }

  #layouts(): SnapshotLine['layouts'] {
    const layouts = this.#states.map((state) => {
      const { name } = state.aggregate;
      const layout = layoutOf(state.aggregate);
      const completeFrom = new Map(state.levels.map((level) => [level.measurement, level.completeFromMs]));
      // Those that are no longer configured have rows, too.
      const resolutions: Record<string, ResolutionLayout> = { ...this.#savedLayouts[name]?.resolutions };
      for (const [measurement, resolution] of Object.entries(layout.resolutions)) {
        resolutions[measurement] = { ...resolution, completeFromMs: completeFrom.get(measurement)! };
      }
      return [name, { ...layout, resolutions }] as const;
    });
    return { ...this.#savedLayouts, ...Object.fromEntries(layouts) };
  }

  #beginFile({ position, counts, waiting }: Noted): Promise<void> {
    return this.#journal.beginWith(() => {
      const marks = this.#states.flatMap(marksOf);
      this.#noteSaved(waiting);
      const inexact = Object.fromEntries(
        this.#states.map((state) => [state.aggregate.name, state.inexact.all]),
      );
      return { kind: 'snapshot', position, counts, waiting, marks, inexact, layouts: this.#layouts() };
    });
  }
}

function keyOf(aggregate: string, startMs: number): string {
  return `${startMs} ${aggregate}`;
}

function marksOf({ levels }: AggregateState): SavedMark[] {
  return levels.flatMap(({ measurement, marks }) =>
    [...marks.all()].map(({ span, whole, groups, isForced, isRebuild }) => ({
      measurement,
      startMs: span.startMs,
      ...(whole === undefined && { groups: [...groups.keys()] }),
      ...(isForced && { isForced }),
      ...(isRebuild && { isRebuild }),
    })),
  );
}
