import type { Cardinality, MeasurementUsage } from './cardinality.js';
import type { LargestCounts } from './measurement-census.js';
import type { CardinalityOptions } from './policy-options.js';

/** How much of the budgets is used. */
export interface BudgetUse {
  /** Of the fullest measurement or tag, 1 when nothing new gets in. */
  readonly ratios: Readonly<Record<'series' | 'tag-values' | 'fields', number>>;
  readonly limits: CardinalityOptions | undefined;
  /** Those with most series; each with its largest tags and the clients that added most series. */
  readonly measurements: readonly MeasurementUsage[];
}

const MAX_MEASUREMENTS = 10;
const MAX_TOP = 5;

/** The use over all partitions: each has budgets of its own, and the fullest one counts. */
export function budgetUse(
  partitions: readonly Cardinality[],
  limits: CardinalityOptions | undefined,
): BudgetUse {
  const measurements = partitions.flatMap((cardinality) => cardinality.usage(MAX_MEASUREMENTS, MAX_TOP));
  measurements.sort((a, b) => b.series - a.series);
  const largest = partitions.map((cardinality) => cardinality.largest());
  const most = (what: keyof LargestCounts) => Math.max(0, ...largest.map((counts) => counts[what]));
  return {
    ratios: {
      series: most('series') / (limits?.series ?? Number.POSITIVE_INFINITY),
      'tag-values': most('tagValues') / (limits?.tagValues ?? Number.POSITIVE_INFINITY),
      fields: most('fields') / (limits?.fields ?? Number.POSITIVE_INFINITY),
    },
    limits,
    measurements: measurements.slice(0, MAX_MEASUREMENTS),
  };
}
