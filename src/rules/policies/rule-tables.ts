import type { StateTables } from '../../lib/state-tables.js';

const PREFIX = 'rule/';

/** The table of the state that only one rule uses. The length keeps the tables of `a` apart from those of `a/gaps`. */
export function tableOfRule(rule: string, what: 'duplicates' | 'gaps'): string {
  return `${PREFIX}${rule.length}/${rule}/${what}`;
}

/** Drops the tables of rules that are no longer in force. `inForce`: the names with which those of the others begin. */
export function dropTablesOfOtherRules(state: StateTables, inForce: readonly string[]): void {
  const kept = new Set(inForce);
  for (const name of state.names) {
    if (!name.startsWith(PREFIX)) continue;
    // A bucket of duplicates has a number behind the name.
    if (!kept.has(name) && !kept.has(name.slice(0, name.lastIndexOf('/')))) state.drop(name);
  }
}
