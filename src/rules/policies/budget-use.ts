import type { Sender } from '../../lib/sender.js';
import { type Cardinality, type MeasurementUsage, shareOf } from './cardinality.js';
import type { CardinalityOptions } from './policy-options.js';

export type BudgetName = 'tag-values' | 'series' | 'client-series' | 'fields' | 'client-fields';

/** How much of one budget a measurement uses. */
export interface UsedBudget {
  readonly budget: BudgetName;
  /** The tag of `tag-values`, the user or client of `client-series` and `client-fields`. */
  readonly name?: string;
  /** Which of both it is. */
  readonly sender?: 'user' | 'client';
  readonly used: number;
  readonly limit: number;
}

export interface MeasurementUse extends MeasurementUsage {
  /** The budget of the measurement that is nearest to its limit; absent when nothing is limited. */
  readonly fullest?: UsedBudget;
}

/** How much of the budgets is used. */
export interface BudgetUse {
  /** Of the fullest measurement, tag or sender, 1 when nothing new gets in there. */
  readonly ratios: Readonly<Record<BudgetName, number>>;
  readonly limits: CardinalityOptions | undefined;
  /** The fullest ones, then those with most series; each with its largest tags and the users or clients that added most. */
  readonly measurements: readonly MeasurementUse[];
}

const MAX_MEASUREMENTS = 10;
const MAX_TOP = 5;

/** The use over all partitions: each has budgets of its own, and the fullest one counts. */
export function budgetUse(
  partitions: readonly Cardinality[],
  limits: CardinalityOptions | undefined,
): BudgetUse {
  const ratios = { 'tag-values': 0, series: 0, 'client-series': 0, fields: 0, 'client-fields': 0 };
  const measurements: MeasurementUse[] = [];
  for (const usage of partitions.flatMap((cardinality) => cardinality.usage(MAX_TOP))) {
    let fullest: UsedBudget | undefined;
    for (const used of limits === undefined ? [] : usedBudgets(usage, limits)) {
      ratios[used.budget] = Math.max(ratios[used.budget], ratioOf(used));
      if (fullest === undefined || ratioOf(used) > ratioOf(fullest)) fullest = used;
    }
    measurements.push({ ...usage, ...(fullest && { fullest }) });
  }
  measurements.sort((a, b) => ratioOf(b.fullest) - ratioOf(a.fullest) || b.series - a.series);
  return { ratios, limits, measurements: measurements.slice(0, MAX_MEASUREMENTS) };
}

/** In the order in which a new point is compared with them. */
function usedBudgets(
  { series, fields, tags, clients, fieldClients }: MeasurementUsage,
  limits: CardinalityOptions,
): UsedBudget[] {
  const { clientSharePercent: percent } = limits;
  const used: UsedBudget[] = [];
  const [tag] = tags;
  if (tag) used.push({ budget: 'tag-values', name: tag.tag, used: tag.values, limit: limits.tagValues });
  used.push({ budget: 'series', used: series, limit: limits.series });
  const [most] = clients;
  const seriesShare = shareOf(limits.series, percent);
  if (most) used.push({ budget: 'client-series', ...named(most), used: most.series, limit: seriesShare });
  used.push({ budget: 'fields', used: fields, limit: limits.fields });
  const [inventor] = fieldClients;
  const fieldShare = shareOf(limits.fields, percent);
  if (inventor)
    used.push({ budget: 'client-fields', ...named(inventor), used: inventor.fields, limit: fieldShare });
  return used;
}

function named(sender: Sender): Pick<UsedBudget, 'name' | 'sender'> {
  return 'user' in sender ? { name: sender.user, sender: 'user' } : { name: sender.client, sender: 'client' };
}

function ratioOf(used: UsedBudget | undefined): number {
  return used === undefined ? 0 : used.used / used.limit;
}
