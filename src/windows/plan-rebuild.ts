import { SluiceError } from '../lib/errors.js';
import { nearestName } from '../lib/nearest-name.js';
import type { AggregateState, Level } from './aggregate-state.js';
import { nsOf, type Span } from './window-spans.js';
import type { WindowStores } from './window-stores.js';
import type { RebuildRequest, RebuildResult } from './windows-report.js';

/** More windows in one request would fill the memory for what is due. */
export const MAX_REBUILT_WINDOWS = 100_000;

export interface RebuildPlan {
  readonly marks: readonly { readonly state: AggregateState; readonly level: Level; readonly span: Span }[];
  /** The times of which all windows are computed from points that are all there. */
  readonly complete: readonly { readonly level: Level; readonly span: Span }[];
  readonly result: RebuildResult;
}

/**
 * The windows to compute again. Those of the finest resolution are computed from points as far as the store keeps them; the
 * coarser ones follow, and where there are no points any more they are merged from the rows that there are.
 * Throws USAGE_INVALID.
 */
export function planRebuild(
  states: readonly AggregateState[],
  { aggregate, fromMs, toMs }: RebuildRequest,
  stores: WindowStores,
  watermarkMs: number,
): RebuildPlan {
  const chosen = states.filter((state) => aggregate === undefined || state.aggregate.name === aggregate);
  if (chosen.length === 0) {
    const names = states.map((state) => state.aggregate.name);
    const nearest = aggregate === undefined ? undefined : nearestName(aggregate, names);
    const hint = nearest === undefined ? `there are: ${names.join(', ')}` : `did you mean "${nearest}"?`;
    throw new SluiceError('USAGE_INVALID', `there is no aggregate "${aggregate}"; ${hint}`);
  }
  const marks: RebuildPlan['marks'][number][] = [];
  const complete: RebuildPlan['complete'][number][] = [];
  const aggregates: RebuildResult['aggregates'][number][] = [];
  for (const state of chosen) {
    const keptNs = stores.oldestKeptNs(state.aggregate.from);
    for (const [nth, level] of state.levels.entries()) {
      let windows = 0;
      let beyondRetention = 0;
      for (const span of level.spans.within({ startMs: fromMs, endMs: toMs })) {
        // What is open will be computed when it closes.
        if (state.closesAtMs(span) > watermarkMs) break;
        windows++;
        if (windows > MAX_REBUILT_WINDOWS) throw tooMany(level.measurement);
        const isGone = keptNs !== undefined && keptNs > nsOf(span.startMs);
        if (nth === 0 && isGone) beyondRetention++;
        else marks.push({ state, level, span });
      }
      if (keptNs === undefined || keptNs <= nsOf(fromMs)) {
        complete.push({ level, span: { startMs: fromMs, endMs: toMs } });
      }
      aggregates.push({ measurement: level.measurement, windows, beyondRetention });
    }
  }
  if (marks.length > MAX_REBUILT_WINDOWS)
    throw tooMany(chosen.map((state) => state.aggregate.name).join(', '));
  return { marks, complete, result: { aggregates } };
}

function tooMany(what: string): SluiceError {
  return new SluiceError(
    'USAGE_INVALID',
    `more than ${MAX_REBUILT_WINDOWS} windows of ${what} lie in that time; take a shorter one`,
  );
}
