import type { Series, Tag } from '../sink/point.js';
import type { FoldField } from '../sink/window-reader.js';
import type { Aggregate } from './aggregate.js';
import { InexactRanges } from './inexact-ranges.js';
import { NO_VALUES, type ValueCounts } from './journal-lines.js';
import { type GroupKey, groupKeyOf, type MarksMemory, WindowMarks } from './window-marks.js';
import { type Span, WindowSpans } from './window-spans.js';

/** How many windows back the value is looked for that the first one of a window is compared with. */
const LOOKBACK_WINDOWS = 12;

/** One resolution of an aggregate, and its windows that have to be computed. */
export interface Level {
  readonly measurement: string;
  readonly spans: WindowSpans;
  readonly marks: WindowMarks;
  readonly counts: FoldCounts;
  /** From then on each window with points has a row, or a mark; see complete-rows.ts. */
  completeFromMs: number;
}

/** Since the process started. */
export interface FoldCounts {
  folds: number;
  foldMs: number;
  longestFoldMs: number;
  rowsWritten: number;
  rowsRefused: number;
  rowsInexact: number;
}

/** An aggregate with what is due and the counts of its values. */
export class AggregateState {
  readonly aggregate: Aggregate;
  /** From the finest to the coarsest. */
  readonly levels: readonly Level[];
  readonly foldFields: readonly FoldField[];
  /** How far a value has an effect on later windows of its series; 0 where functions compare no neighbours. */
  readonly reachMs: number;
  values: ValueCounts;
  /** Where rows have to say that they lack values. */
  readonly inexact: InexactRanges;
  readonly #groups = new WeakMap<Series, GroupKey>();

  constructor(
    aggregate: Aggregate,
    memory: MarksMemory,
    values: ValueCounts = NO_VALUES,
    inexact = new InexactRanges(),
  ) {
    this.aggregate = aggregate;
    this.values = values;
    this.inexact = inexact;
    this.levels = aggregate.resolutions.map((resolution, nth) => ({
      measurement: resolution.measurement,
      spans: new WindowSpans(resolution, nth === 0 ? aggregate.sizeMs : resolution.everyMs),
      marks: new WindowMarks(resolution.measurement, memory),
      counts: { folds: 0, foldMs: 0, longestFoldMs: 0, rowsWritten: 0, rowsRefused: 0, rowsInexact: 0 },
      completeFromMs: Number.POSITIVE_INFINITY,
    }));
    this.foldFields = foldFieldsOf(aggregate);
    const hasSteps = this.foldFields.some(({ steps }) => steps);
    this.reachMs = hasSteps ? LOOKBACK_WINDOWS * aggregate.resolutions[0]!.everyMs : 0;
  }

  get finest(): Level {
    return this.levels[0]!;
  }

  /** Values that wait to be computed. */
  get awaiting(): number {
    let sum = 0;
    for (const { values, folding } of this.finest.marks.all()) sum += values + folding;
    return sum;
  }

  groupOf(series: Series): GroupKey {
    let group = this.#groups.get(series);
    if (group === undefined) {
      group = groupKeyOf(this.#groupTags(series.tags));
      this.#groups.set(series, group);
    }
    return group;
  }

  /** When a window closes, as a watermark in ms. */
  closesAtMs({ endMs }: Span): number {
    return endMs + this.aggregate.latenessMs;
  }

  count(outcome: keyof ValueCounts, values: number): void {
    if (values !== 0) this.values = { ...this.values, [outcome]: this.values[outcome] + values };
  }

  #groupTags(tags: readonly Tag[]): readonly Tag[] {
    const { by } = this.aggregate;
    return by === undefined ? tags : tags.filter(({ name }) => by.includes(name));
  }
}

function foldFieldsOf({ fields }: Aggregate): FoldField[] {
  return [...fields].map(([name, { functions, quantiles, histogram }]) => ({
    name,
    shape: functions.includes('skew') || functions.includes('kurtosis'),
    steps: functions.some((one) => one === 'changes' || one === 'increase' || one === 'time_weighted_mean'),
    quantiles: quantiles.length > 0,
    top: functions.includes('topk'),
    ...(histogram !== undefined && { histogram }),
  }));
}
