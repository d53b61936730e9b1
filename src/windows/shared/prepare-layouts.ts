import { SluiceError } from '../../lib/errors.js';
import type { AggregateState } from '../aggregate-state.js';
import { type AggregateLayout, layoutOf, layoutProblem } from '../layout.js';
import type { SharedMark, SharedTable } from './shared-table.js';

/** Consumers that start together may each add a resolution. */
const MAX_TRIES = 20;

/**
 * Compares the aggregates with what they were under their names, and notes what they are now. Windows that are open now are
 * marked first: before, points may have come into them while nobody had the aggregate. Rejects with CONFIG_INVALID, and as the
 * table does.
 */
export async function prepareLayouts(
  states: readonly AggregateState[],
  table: SharedTable,
  nowMs: number,
): Promise<void> {
  for (const { aggregate } of states) refuseOther(await table.layout(aggregate.name), layoutOf(aggregate));
  await table.put(states.flatMap((state) => openWindows(state, nowMs)));
  for (const { aggregate } of states) await noteLayout(layoutOf(aggregate), table);
}

function refuseOther(saved: AggregateLayout | undefined, now: AggregateLayout): void {
  const problem = saved && layoutProblem(saved, now);
  if (problem !== undefined) throw new SluiceError('CONFIG_INVALID', problem);
}

async function noteLayout(now: AggregateLayout, table: SharedTable): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const saved = await table.layout(now.name);
    refuseOther(saved, now);
    // Those that are no longer configured have rows, too.
    const next = { ...now, resolutions: { ...saved?.resolutions, ...now.resolutions } };
    if (JSON.stringify(saved) === JSON.stringify(next)) return;
    if (await table.writeLayout(saved, next)) return;
  }
  throw new SluiceError(
    'LEASE_TABLE_UNREACHABLE',
    `what the windows "${now.name}" are is changed by others all the time`,
  );
}

function openWindows({ aggregate, levels }: AggregateState, nowMs: number): SharedMark[] {
  const span = { startMs: nowMs - aggregate.latenessMs, endMs: nowMs + 1 };
  return levels.flatMap(({ measurement, spans }) =>
    [...spans.within(span)].map(({ startMs }) => ({ measurement, startMs })),
  );
}
