import { csvProblems } from './csv/csv-options.js';
import { type FormatOptions, OPTION_TYPES } from './format-options.js';
import type { FormatProblem } from './format-problem.js';

/** What is wrong with the options of a format beside the single values: keys that do not fit the type, or each other. */
export function formatProblems(options: FormatOptions): readonly FormatProblem[] {
  const problems: FormatProblem[] = [];
  for (const [option, types] of Object.entries(OPTION_TYPES)) {
    if (options[option as keyof FormatOptions] === undefined || types.includes(options.type)) continue;
    problems.push({
      option,
      got: `${option} with type: ${options.type}`,
      expected: `${types.map((type) => `type: ${type}`).join(' or ')} beside ${option}`,
    });
  }
  problems.push(...csvProblems(options));
  return problems;
}
