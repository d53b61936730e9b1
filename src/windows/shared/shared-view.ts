import type { AggregateState } from '../aggregate-state.js';
import { reportAggregate } from '../report-windows.js';
import type { AggregateReport, ResolutionReport } from '../windows-report.js';

/** What one measurement has due, as the computing consumer sees the table. */
export type DueCounts = Pick<ResolutionReport, 'openWindows' | 'markedWindows' | 'oldestMs' | 'dueSinceMs'>;

/** What the computing consumer shows to all others in its row. */
export interface SharedView {
  /** The counter of the row when the scan began that this is from. */
  readonly asOf: number;
  /** How far every shard is stored, ms since 1970; absent: of some it is not known. */
  readonly watermarkMs?: number;
  readonly due: Readonly<Record<string, DueCounts>>;
}

const NOTHING: DueCounts = { openWindows: 0, markedWindows: 0 };

export function viewOf(states: readonly AggregateState[], watermarkMs: number, asOf: number): SharedView {
  const all = states.flatMap(
    (state) => reportAggregate(state, watermarkMs, Number.NEGATIVE_INFINITY).resolutions,
  );
  return {
    asOf,
    ...(Number.isFinite(watermarkMs) && { watermarkMs }),
    due: Object.fromEntries(
      all.map(({ measurement, openWindows, markedWindows, oldestMs, dueSinceMs }) => [
        measurement,
        {
          openWindows,
          markedWindows,
          ...(oldestMs !== undefined && { oldestMs }),
          ...(dueSinceMs !== undefined && { dueSinceMs }),
        },
      ]),
    ),
  };
}

export function parseView(text: string): SharedView | undefined {
  return text === '' ? undefined : (JSON.parse(text) as SharedView);
}

/**
 * What one consumer reports: its own values and folds, and what the table has due. `askedOf`: windows of a measurement that were
 * asked for and are not in the view yet.
 */
export function sharedReport(
  ownState: AggregateState,
  dueState: AggregateState,
  view: SharedView | undefined,
  askedOf: (measurement: string) => number,
): AggregateReport {
  const { values, awaiting } = ownState;
  return {
    name: ownState.aggregate.name,
    values: { ...values, awaiting },
    resolutions: dueState.levels.map(({ measurement, counts }) => {
      const due = view?.due[measurement] ?? NOTHING;
      return { measurement, ...counts, ...due, markedWindows: due.markedWindows + askedOf(measurement) };
    }),
  };
}
