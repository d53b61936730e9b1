import type { TimeRange } from '../../../influxql/split-condition.js';
import type { TimeWindows } from '../../../influxql/time-windows.js';

/** Returns an SQL expression for the start of the window of a point, in ns. `range` has all points. */
export function windowSql(windows: TimeWindows, { minNs, maxNs }: TimeRange): string {
  const runs = windows.runs(minNs, maxNs);
  const starts = runs.map(
    ({ fromNs, everyNs }) => `${fromNs} + (epoch_ns(p.time) - ${fromNs}) // ${everyNs} * ${everyNs}`,
  );
  if (starts.length === 1) return `(${starts[0]})`;
  const cases = runs
    .slice(0, -1)
    .map(({ toNs }, nth) => `WHEN epoch_ns(p.time) < ${toNs} THEN ${starts[nth]}`);
  return `(CASE ${cases.join(' ')} ELSE ${starts.at(-1)} END)`;
}
