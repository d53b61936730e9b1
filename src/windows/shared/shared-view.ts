import type { AggregateState } from '../aggregate-state.js';
import { reportAggregate } from '../report-windows.js';
import type { ResolutionReport } from '../windows-report.js';

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
  const all = states.flatMap((state) => reportAggregate(state, watermarkMs).resolutions);
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

export function dueIn(view: SharedView | undefined, measurement: string): DueCounts {
  return view?.due[measurement] ?? NOTHING;
}
