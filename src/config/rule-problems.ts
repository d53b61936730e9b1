import type { RuleProblem } from '../consumer/rules/rule-problem.js';
import type { Findings } from './findings.js';

/** Keys that are written otherwise than the compiled rule calls them. */
const WRITTEN_KEYS: Readonly<Record<string, readonly string[]>> = {
  'time.maxPastMs': ['time', 'window', 'past'],
  'time.maxFutureMs': ['time', 'window', 'future'],
};

/** Puts what compiling the rules found beside the lines they were written on. */
export function addRuleProblems(problems: readonly RuleProblem[], findings: Findings): void {
  for (const { index, path, got, expected } of problems) {
    const keys = WRITTEN_KEYS[path.join('.')] ?? path;
    findings.add([['rules', index, ...keys]], { got, expected });
  }
}
