import type { FormatCache } from '../formats/create-format.js';
import type { FormatOptions, TopicFormat } from '../formats/format-options.js';
import { formatProblems } from '../formats/format-problems.js';
import type { PayloadFormat } from '../formats/payload-format.js';
import { quoted } from '../lib/printable.js';
import { ProblemList, type RuleProblem } from './rule-problem.js';
import { compileTopicPattern, type TopicPattern } from './topic-pattern.js';

/** The format of the topics that a filter matches. */
export interface CompiledTopicFormat {
  readonly pattern: TopicPattern;
  readonly format: PayloadFormat;
}

/** Compiles the formats of topics, and reports everything wrong with them. */
export function compileTopicFormats(
  options: readonly TopicFormat[],
  cache: FormatCache,
): { readonly formats: readonly CompiledTopicFormat[]; readonly problems: readonly RuleProblem[] } {
  const formats: CompiledTopicFormat[] = [];
  const problems: RuleProblem[] = [];
  for (const [index, { topic, format }] of options.entries()) {
    const list = new ProblemList(topic, index, 'formats');
    const compiled = compileTopicPattern(topic);
    if (!compiled.ok) list.add(['topic'], quoted(topic), `an MQTT topic filter: ${compiled.problem}`);
    checkFormat(format, list);
    if (compiled.ok && list.problems.length === 0) {
      formats.push({ pattern: compiled.pattern, format: cache.get(format) });
    }
    problems.push(...list.problems);
  }
  return { formats, problems };
}

/** Adds what is wrong with the options of a format. */
export function checkFormat(options: FormatOptions, list: ProblemList): void {
  for (const { option, got, expected } of formatProblems(options)) {
    list.add(['format', option], got, expected);
  }
}
