import { describe, expect, it } from 'vitest';
import type { AggregateState } from '../../src/windows/aggregate-state.js';
import type { DueMarks } from '../../src/windows/due-marks.js';
import type { SavedMark } from '../../src/windows/journal-lines.js';
import type { WindowMark } from '../../src/windows/window-marks.js';

export interface DueMarksStand {
  readonly due: DueMarks;
  /** Two resolutions, `fine` of 10 s and `coarse` of 60 s. */
  readonly state: AggregateState;
  nextGeneration(): number;
  /** Makes it durable that a window of the first resolution is due, as the consumer does that writes points. */
  mark(mark: Omit<SavedMark, 'measurement'>): Promise<void>;
  /** Measurement, start and group of all that is due if the process dies now. */
  durable(): Promise<string[]>;
}

const START_MS = 1_795_000_020_000;

/** What holds wherever it is kept which windows are due. */
export function dueMarksContract(name: string, open: () => Promise<DueMarksStand>): void {
  describe(`what is due ${name}`, () => {
    const fine = (rest = '') => `fine ${START_MS}${rest}`;
    const coarse = `coarse ${START_MS}`;

    /** Begins a fold as the loop does; the returned functions end it. */
    const begin = ({ due, state, nextGeneration }: DueMarksStand) => {
      const mark = state.finest.marks.get(START_MS) as WindowMark;
      const generation = nextGeneration();
      const groups = mark.whole === undefined ? [...mark.groups.keys()] : undefined;
      const fold = { state, level: 0, mark, isOpen: false };
      const begun = due.begin(fold);
      const complete = () => {
        const { marks, spans } = state.levels[1]!;
        const span = spans.latestWith(START_MS);
        const isNew = marks.touchWhole(marks.markOf(span, true)!, nextGeneration());
        const coarser = isNew ? [{ measurement: 'coarse', startMs: span.startMs }] : [];
        return begun.computed({ due: fold, generation, groups, values: 0, outcome: 'aggregated', coarser });
      };
      return { complete, fail: () => begun.failed() };
    };

    it('goes from a window to the coarser one when its rows are stored', async () => {
      const stand = await open();
      await stand.mark({ startMs: START_MS });
      expect(await stand.durable()).toEqual([fine()]);
      await begin(stand).complete();
      expect(await stand.durable()).toEqual([coarse]);
    });

    it('stays when the window was marked again after the fold began', async () => {
      const stand = await open();
      await stand.mark({ startMs: START_MS });
      const fold = begin(stand);
      await stand.mark({ startMs: START_MS });
      await fold.complete();
      expect(await stand.durable()).toEqual([coarse, fine()]);
    });

    it('stays for a group that came to it after the fold of another one began', async () => {
      const stand = await open();
      await stand.mark({ startMs: START_MS, groups: ['a'] });
      const fold = begin(stand);
      await stand.mark({ startMs: START_MS, groups: ['b'] });
      await fold.complete();
      expect(await stand.durable()).toEqual([coarse, fine(' b')]);
    });

    it('stays when the fold has failed', async () => {
      const stand = await open();
      await stand.mark({ startMs: START_MS });
      begin(stand).fail();
      expect(await stand.durable()).toEqual([fine()]);
      await begin(stand).complete();
      expect(await stand.durable()).toEqual([coarse]);
    });
  });
}
