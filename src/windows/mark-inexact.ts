import { SluiceError } from '../lib/errors.js';
import type { Point } from '../sink/point.js';
import type { StoredRow } from '../sink/window-reader.js';
import type { AggregateState, Level } from './aggregate-state.js';
import { INEXACT_FIELD } from './row-field-names.js';
import { nsOf, type Span } from './window-spans.js';
import type { WindowStores } from './window-stores.js';

/** Makes all rows of a time say that they lack values, in every resolution. Rejects as the stores do. */
export async function markInexact(
  state: AggregateState,
  range: Span,
  stores: WindowStores,
  signal: AbortSignal,
): Promise<void> {
  for (const [nth, level] of state.levels.entries()) {
    const { to } = state.aggregate.resolutions[nth]!;
    const { reader, write } = stores.rowsIn(to);
    if (reader === undefined) {
      throw new SluiceError('SINK_QUERY_UNSUPPORTED', 'the rows of windows cannot be read from this store');
    }
    const { measurement } = level;
    const fields = [INEXACT_FIELD];
    for await (const rows of reader.rows({ measurement, fields, ...startsIn(level, nth, range) }, signal)) {
      const unmarked = rows.filter(({ fields: [marker] }) => marker?.value !== true);
      if (unmarked.length === 0) continue;
      const points = unmarked.map((row) => markedRow(measurement, row));
      const rejections = await write(points, signal);
      level.counts.rowsInexact += points.length - rejections.length;
    }
  }
}

/** Where the windows of the finest resolution begin that have a start in the range, and the coarser ones that they are in. */
function startsIn({ spans }: Level, nth: number, { startMs, endMs }: Span): { fromNs: bigint; toNs: bigint } {
  return { fromNs: nsOf(nth === 0 ? startMs : spans.latestWith(startMs).startMs), toNs: nsOf(endMs) };
}

function markedRow(measurement: string, { tags, timestampNs }: StoredRow): Point {
  return {
    series: { measurement, tags },
    timestampNs,
    fields: [{ name: INEXACT_FIELD, type: 'boolean', value: true }],
  };
}
