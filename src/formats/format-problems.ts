import { csvProblems } from './csv/csv-options.js';
import { type FormatOptions, OPTION_TYPES } from './format-options.js';
import type { FormatProblem } from './format-problem.js';

/** What is wrong with the options of a format beside the single values: keys that do not fit the type, or each other. */
export function formatProblems(options: FormatOptions): readonly FormatProblem[] {
  const problems: FormatProblem[] = [];
  for (const [option, types] of Object.entries(OPTION_TYPES)) {
    if (options[option as keyof FormatOptions] === undefined || types.includes(options.type)) continue;
    const written = option === 'timeoutMs' ? 'timeout' : option;
    problems.push({
      option: written,
      got: `${written} with type: ${options.type}`,
      expected: `${types.map((type) => `type: ${type}`).join(' or ')} beside ${written}`,
    });
  }
  problems.push(...csvProblems(options));
  if (options.type === 'decoder' && options.file === undefined) {
    problems.push({
      option: 'file',
      got: 'no file',
      expected: 'the file of the decoder beside type: decoder',
    });
  }
  return problems;
}
