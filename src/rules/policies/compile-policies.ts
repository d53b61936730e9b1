import { quoted } from '../../lib/printable.js';
import { compileReference, type Getter } from '../reference.js';
import type { ProblemList } from '../rule-problem.js';
import type { SourceNames } from '../source.js';
import { CounterGaps } from './counter-gaps.js';
import { Duplicates } from './duplicates.js';
import type { PolicyOptions } from './policy-options.js';
import { RulePolicies } from './rule-policies.js';

/** Two devices of one client, or two clients, may count alike. */
const DEFAULT_COUNTED_BY = ['clientId', 'device'];

/** Compiles the policies of a rule, and adds everything wrong with them to `list`. */
export function compilePolicies(
  options: PolicyOptions,
  rule: { readonly name: string; readonly hasFoundFields: boolean },
  names: SourceNames,
  list: ProblemList,
): RulePolicies {
  const references = (texts: string | readonly string[], path: readonly string[]): Getter[] =>
    [texts].flat().flatMap((text) => {
      const compiled = compileReference(text, names);
      if (compiled.ok) return [compiled.reference.get];
      const { problem, at, hint } = compiled;
      list.add(['policies', ...path], quoted(text), `a reference: ${problem}`, { at, hint });
      return [];
    });
  const { duplicates, gaps } = options;
  const counter = gaps && references(gaps.counter, ['gaps', 'counter'])[0];
  return new RulePolicies({
    rule: rule.name,
    options,
    duplicates:
      duplicates &&
      new Duplicates({
        ...duplicates,
        rule: rule.name,
        key: references(duplicates.key, ['duplicates', 'key']),
      }),
    gaps:
      counter &&
      new CounterGaps({
        rule: rule.name,
        counter,
        by: references(gaps?.by ?? DEFAULT_COUNTED_BY, ['gaps', 'by']),
        largest: gaps?.largest,
      }),
    hasFoundFields: rule.hasFoundFields,
  });
}
