import type { RowColumns } from '../sink/statistics.js';
import type { AggregateField, WindowFunction } from './aggregate.js';
import type { AggregateState } from './aggregate-state.js';
import { hiddenName, INEXACT_FIELD } from './row-field-names.js';
import type { Span, WindowSpans } from './window-spans.js';

/** The rows of one resolution, as somebody needs to know them who reads them in place of points. */
export interface ReadableRows {
  readonly measurement: string;
  /** Where the rows are; absent: where the points are. */
  readonly to?: string;
  readonly everyMs: number;
  readonly spans: WindowSpans;
  /** Absent: each series has rows of its own. */
  readonly by?: readonly string[];
  /** What rows say of each field of the points; only fields whose count they have. */
  readonly columns: ReadonlyMap<string, RowColumns>;
  /** From then on each window with points has a row. */
  readonly completeFromMs: number;
  /** Rows of windows that begin before may have been deleted. */
  readonly keptFromMs: number;
  /** Windows that end later may still get points in time. */
  readonly closedUntilMs: number;
  /** Windows whose rows are not what the points say now, as spans of time. */
  readonly due: readonly Span[];
}

/** The resolutions of an aggregate whose rows can be added up, finest first; none where windows overlap. */
export function readableRows(
  state: AggregateState,
  watermarkMs: number,
  keptFromMs: (level: number) => number,
): ReadableRows[] {
  const { aggregate, levels, inexact } = state;
  const { by, sizeMs, latenessMs, resolutions } = aggregate;
  if (sizeMs !== resolutions[0]!.everyMs) return [];
  const columns = new Map<string, RowColumns>();
  for (const [name, options] of aggregate.fields) {
    const known = columnsOf(name, options, resolutions.length > 1);
    if (known !== undefined) columns.set(name, known);
  }
  // What changes a finer window changes the coarser one that it is a part of.
  const due: Span[] = [...inexact.all];
  return levels.map(({ measurement, spans, marks, completeFromMs }, nth) => {
    for (const { span } of marks.all()) due.push(span);
    const { everyMs, to } = resolutions[nth]!;
    return {
      measurement,
      everyMs,
      spans,
      columns,
      completeFromMs,
      keptFromMs: keptFromMs(nth),
      closedUntilMs: watermarkMs - latenessMs,
      due: [...due],
      ...(to !== undefined && { to }),
      ...(by !== undefined && { by }),
    };
  });
}

function columnsOf(name: string, { functions }: AggregateField, isMerged: boolean): RowColumns | undefined {
  const has = (one: WindowFunction) => functions.includes(one);
  if (!has('count') && !isMerged) return undefined;
  const visible = (['sum', 'mean', 'min', 'max', 'first', 'last'] as const).filter(has);
  return {
    count: has('count') ? `${name}_count` : hiddenName(name, 'count'),
    inexact: INEXACT_FIELD,
    ...Object.fromEntries(visible.map((one) => [one, `${name}_${one}`])),
  };
}
