import { closest, distance } from 'fastest-levenshtein';

/** Returns the known name that is most like the written one, or undefined when none is near enough to be meant. */
export function nearestName(written: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const lower = written.toLowerCase();
  const nearest = closest(lower, [...known]);
  return distance(lower, nearest.toLowerCase()) <= allowedDistance(written) ? nearest : undefined;
}

/** At most half of the characters differ: of short words, others of the same length would be named otherwise. */
function allowedDistance(written: string): number {
  return Math.max(1, Math.floor(written.length / 2));
}
