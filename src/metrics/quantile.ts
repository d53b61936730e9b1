/**
 * The value below which a share `q` of the observations lies, taking them as evenly spread within their bucket (as
 * histogram_quantile does). Beyond the last bound it is that bound. `undefined` without an observation.
 * `counts` has one entry for each bound and one for what lies beyond.
 */
export function quantile(
  q: number,
  bounds: readonly number[],
  counts: readonly number[],
): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return undefined;
  const rank = q * total;
  let below = 0;
  for (const [at, upper] of bounds.entries()) {
    const count = counts[at] ?? 0;
    if (count > 0 && below + count >= rank) {
      const lower = bounds[at - 1] ?? 0;
      return lower + (upper - lower) * ((rank - below) / count);
    }
    below += count;
  }
  return bounds.at(-1);
}
