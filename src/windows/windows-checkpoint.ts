import type { AggregateState } from './aggregate-state.js';
import type { CountsLine, SavedMark, SnapshotLine, ValueCounts } from './journal-lines.js';
import { layoutOf } from './layout.js';
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
  readonly #layouts: SnapshotLine['layouts'];
  #noted: Noted | undefined;
  /** Window → values that waited for it in the last line that was appended. */
  #saved = new Map<string, number>();

  constructor(
    states: readonly AggregateState[],
    journal: WindowsJournal,
    savedLayouts: SnapshotLine['layouts'],
  ) {
    this.#states = states;
    this.#journal = journal;
    const layouts = states.map(({ aggregate }) => [aggregate.name, layoutOf(aggregate)]);
    this.#layouts = { ...savedLayouts, ...Object.fromEntries(layouts) };
  }

  /** Begins the journal of this process. */
  async begin(position: string): Promise<void> {
    this.note(position);
    await this.#beginFile(this.#noted!);
  }

  /** The counts as they are now belong to this position. */
  note(position: string): void {
    const counts = Object.fromEntries(this.#states.map(({ aggregate, values }) => [aggregate.name, values]));
    const waiting = this.#states.flatMap(({ aggregate, finest }) =>
      [...finest.marks.all()].map(
        ({ span, values, folding }): Waiting => [aggregate.name, span.startMs, values + folding],
      ),
    );
    this.#noted = { position, counts, waiting };
  }

  /** Resolves when the counts of the position are durable. */
  async save(position: string): Promise<void> {
    const noted = this.#noted;
    if (noted?.position !== position)
      throw new Error(`the counts are of ${noted?.position}, not at ${position}`);
    if (this.#journal.wantsSnapshot) return this.#beginFile(noted);
    const saved = this.#saved;
    const changed = noted.waiting.filter(([name, startMs, values]) => {
      return (saved.get(keyOf(name, startMs)) ?? 0) !== values;
    });
    this.#saved = keyed(noted.waiting);
    this.#journal.append({ kind: 'counts', position, counts: noted.counts, waiting: changed });
    await this.#journal.flush();
  }

  /**
   * A line says that a window was computed. The next counts are perhaps of a time before that, and then have to say what
   * waited for it.
   */
  noteFolded(aggregate: string, startMs: number): void {
    this.#saved.delete(keyOf(aggregate, startMs));
  }

  #beginFile({ position, counts, waiting }: Noted): Promise<void> {
    return this.#journal.beginWith(() => {
      const marks = this.#states.flatMap(marksOf);
      this.#saved = keyed(waiting);
      return { kind: 'snapshot', position, counts, waiting, marks, layouts: this.#layouts };
    });
  }
}

function keyed(waiting: readonly Waiting[]): Map<string, number> {
  return new Map(waiting.map(([name, startMs, values]) => [keyOf(name, startMs), values]));
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
