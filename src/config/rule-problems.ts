import type { RuleProblem } from '../consumer/rules/rule-problem.js';
import type { Findings } from './findings.js';
import type { KeyPath } from './problem.js';

/** Keys that are written otherwise than the compiled rule calls them. */
const WRITTEN_KEYS: Readonly<Record<string, readonly string[]>> = {
  'time.maxPastMs': ['time', 'window', 'past'],
  'time.maxFutureMs': ['time', 'window', 'future'],
};

/** Puts what compiling the rules found beside the lines they were written on. */
export function addRuleProblems(problems: readonly RuleProblem[], findings: Findings): void {
  for (const { index, path, got, expected } of problems) {
    const keys = WRITTEN_KEYS[path.join('.')] ?? path;
    const place: KeyPath = ['rules', index, ...keys];
    // What a variable held must not show; behind the colon the reason may quote it.
    const isFromVariable = findings.isFromVariable(place);
    findings.add([place], isFromVariable ? { expected: expected.split(':')[0]! } : { got, expected });
  }
}
