import type { SluiceConfig } from '../../config/sluice-config.js';
import { dataDirectory } from '../../data-directory/data-directory.js';
import { savedStates } from '../../ledger/saved-states.js';
import { printable } from '../../lib/printable.js';
import { type BudgetUse, budgetUse } from '../../rules/policies/budget-use.js';
import { cardinalityOf } from '../../rules/policies/rule-policies.js';
import { type CheckResult, ok, warn } from './check-result.js';

const BUDGETS = 'budgets';
const NEARLY_FULL = 0.8;
const MAX_NAME = 60;

/** Reads what the rules remember at the last checkpoint, and compares it with the budgets of the configuration. */
export async function checkBudgets({ dataDirectory: root, mapping }: SluiceConfig): Promise<CheckResult> {
  const { cardinality } = mapping.policies;
  if (cardinality === undefined)
    return ok(BUDGETS, 'series and fields are not counted (policies.cardinality: false)');
  const states = await savedStates(dataDirectory(root), () => undefined);
  const use = budgetUse(states.all().map(cardinalityOf), cardinality);
  const [first] = use.measurements;
  if (first === undefined) return ok(BUDGETS, 'no series is known yet');
  const fullest = Math.max(...Object.values(use.ratios));
  const found = budgetText(use);
  if (fullest < NEARLY_FULL) return ok(BUDGETS, found);
  return warn(
    BUDGETS,
    found,
    'make the tag with too many values a field, stop the client that adds them, or raise the budget under policies.cardinality (docs/policies.md)',
  );
}

/** One line: the fullest measurement, what makes its series, and who. */
export function budgetText({ measurements, limits, ratios }: BudgetUse): string {
  const [first] = measurements;
  if (first === undefined) return 'no series is known yet';
  const [tag] = first.tags;
  const [client] = first.clients;
  const percent = Math.round(Math.max(...Object.values(ratios)) * 100);
  return [
    `the fullest budget is used to ${percent} %`,
    `${printable(first.measurement, MAX_NAME)} has ${first.series} of ${limits?.series ?? 0} series`,
    ...(tag === undefined ? [] : [`its tag ${printable(tag.tag, MAX_NAME)} has ${tag.values} values`]),
    ...(client === undefined
      ? []
      : [`the client ${printable(client.client, MAX_NAME)} added ${client.series} series`]),
  ].join('; ');
}
