import type { SluiceConfig } from '../../config/sluice-config.js';
import { dataDirectory } from '../../data-directory/data-directory.js';
import { savedStates } from '../../ledger/saved-states.js';
import { printable } from '../../lib/printable.js';
import type { Sender } from '../../lib/sender.js';
import { type BudgetUse, budgetUse } from '../../rules/policies/budget-use.js';
import { cardinalityOf } from '../../rules/policies/rule-policies.js';
import { type CheckResult, ok, warn } from './check-result.js';

const BUDGETS = 'budgets';
const NEARLY_FULL = 0.8;
const MAX_NAME = 60;
const AGAIN =
  'run this again; if it stays so, restore the file from a backup, or the gateway begins with what can be read (docs/policies.md)';
const NEXT =
  'make the tag with too many values a field, stop the client that adds them, or raise the budget under policies.cardinality (docs/policies.md)';

/** Reads what the rules remember at the last checkpoint, and compares it with the budgets of the configuration. */
export async function checkBudgets({ dataDirectory: root, mapping }: SluiceConfig): Promise<CheckResult> {
  const { cardinality } = mapping.policies;
  if (cardinality === undefined)
    return ok(BUDGETS, 'series and fields are not counted (policies.cardinality: false)');
  const unreadable: string[] = [];
  const states = await savedStates(dataDirectory(root), ({ file, reason }) =>
    unreadable.push(`${file}: ${reason}`),
  );
  // What a running gateway has replaced between two reads looks the same: the second run of the command finds it whole.
  if (unreadable.length > 0)
    return warn(BUDGETS, `what the rules remember cannot be read: ${unreadable.join('; ')}`, AGAIN);
  const use = budgetUse(states.all().map(cardinalityOf), cardinality);
  const found = budgetText(use);
  const isNearlyFull = Math.max(...Object.values(use.ratios)) >= NEARLY_FULL;
  return isNearlyFull ? warn(BUDGETS, found, NEXT) : ok(BUDGETS, found);
}

/** One line: the fullest measurement, what makes its series, and who. */
export function budgetText({ measurements, limits, ratios }: BudgetUse): string {
  const [first] = measurements;
  if (first === undefined) return 'no series is known yet';
  const name = (text: string) => printable(text, MAX_NAME);
  const percent = Math.round(Math.max(...Object.values(ratios)) * 100);
  const parts = [`the fullest budget is used to ${percent} %`];
  const budget = first.fullest?.budget;
  if (budget === 'fields' || budget === 'client-fields') {
    parts.push(`${name(first.measurement)} has ${first.fields} of ${limits?.fields} fields`);
    for (const { fields, ...sender } of first.fieldClients.slice(0, 1))
      parts.push(`the ${senderName(sender)} added ${fields} fields`);
    return parts.join('; ');
  }
  parts.push(`${name(first.measurement)} has ${first.series} of ${limits?.series} series`);
  for (const { tag, values } of first.tags.slice(0, 1))
    parts.push(`its tag ${name(tag)} has ${values} values`);
  for (const { series, ...sender } of first.clients.slice(0, 1))
    parts.push(`the ${senderName(sender)} added ${series} series`);
  return parts.join('; ');
}

function senderName(sender: Sender): string {
  return 'user' in sender
    ? `user ${printable(sender.user, MAX_NAME)}`
    : `client ${printable(sender.client, MAX_NAME)}`;
}
