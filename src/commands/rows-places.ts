import type { RowsPlace } from '../sink/influx/prepare/store-part.js';
import type { WindowsOptions } from '../windows/aggregate.js';

/** Returns where windows write rows beside the points. Where several resolutions share a place, the longest retention counts. */
export function rowsPlaces(windows: WindowsOptions | undefined): readonly RowsPlace[] {
  const retentionsMs = new Map<string, number>();
  for (const { to, retentionMs } of (windows?.aggregates ?? []).flatMap(({ resolutions }) => resolutions)) {
    if (to === undefined) continue;
    const known = retentionsMs.get(to);
    const isForEver = known === 0 || retentionMs === 0;
    retentionsMs.set(to, isForEver ? 0 : Math.max(known ?? 0, retentionMs));
  }
  return [...retentionsMs].map(([to, retentionMs]) => ({ to, retentionMs }));
}
