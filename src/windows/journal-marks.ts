import type { AggregateState } from './aggregate-state.js';
import type { BegunFold, ComputedWindow, DueMarks } from './due-marks.js';
import type { WindowsCheckpoint } from './windows-checkpoint.js';
import type { WindowsJournal } from './windows-journal.js';

/** What is due is in the journal of this process, which alone writes the points. */
export class JournalMarks implements DueMarks {
  readonly #journal: WindowsJournal;
  readonly #checkpoint: WindowsCheckpoint;

  constructor(journal: WindowsJournal, checkpoint: WindowsCheckpoint) {
    this.#journal = journal;
    this.#checkpoint = checkpoint;
  }

  begin(): BegunFold {
    return {
      computed: async (window) => this.#computed(window),
      shown: async (marks) => {
        if (marks.length > 0) this.#journal.append({ kind: 'mark', marks });
      },
      failed: () => undefined,
    };
  }

  noteInexact(state: AggregateState): void {
    this.#checkpoint.noteInexact(state);
  }

  /** The line is durable with the next one that has to be; a crash before it leaves a mark too many. */
  #computed({ due, generation, groups, values, outcome, coarser }: ComputedWindow): void {
    const { state, level, mark } = due;
    const { measurement, marks } = state.levels[level]!;
    const done = marks.computed(mark, generation, groups);
    if (done === 'whole') {
      mark.isRebuild = false;
      mark.isForced = false;
    }
    this.#checkpoint.noteFolded(state.aggregate.name, mark.span.startMs);
    this.#journal.append({
      kind: 'folded',
      aggregate: state.aggregate.name,
      measurement,
      startMs: mark.span.startMs,
      values,
      outcome,
      done,
      marks: coarser,
    });
  }
}
