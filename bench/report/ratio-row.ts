import { spreadOf, spreadText } from './spread.js';

/** A row of a table that compares runs in pairs: the figures of both sides, and the second over the first. */
export function ratioRow(
  name: string,
  without: readonly number[],
  having: readonly number[],
  digits = 0,
): string[] {
  const ratios = having.map((value, at) => value / without[at]!);
  return [
    name,
    ...[without, having].map((values) => spreadText(spreadOf(values), digits)),
    spreadText(spreadOf(ratios), 2),
  ];
}
