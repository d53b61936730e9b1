import type { WindowsOptions } from '../windows/aggregate.js';
import { savedLayouts } from '../windows/drop-aggregate.js';
import { layoutOf, layoutProblem } from '../windows/layout.js';

/** An aggregate of the configuration that a start refuses, because its rows were made as something else. */
export interface WindowProblem {
  /** Index into the aggregates. */
  readonly index: number;
  readonly got: string;
  readonly expected: string;
  readonly hint: string;
}

/**
 * Compares aggregates with what they were when their rows were written.
 *
 * @param folder the folder with the state of windows; a gateway may be writing it
 */
export async function windowProblems(
  { aggregates }: WindowsOptions,
  folder: string,
): Promise<WindowProblem[]> {
  const layouts = await savedLayouts(folder);
  return aggregates.flatMap((aggregate, index) => {
    const saved = layouts[aggregate.name];
    const hint = saved && layoutProblem(saved, layoutOf(aggregate));
    if (hint === undefined) return [];
    return [{ index, got: 'another aggregate under this name', expected: 'the one that has rows', hint }];
  });
}
