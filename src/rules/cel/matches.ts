import { RE2JS } from 're2js';
import { quoted } from '../../lib/printable.js';
import type { CelFailure } from './cel-failure.js';
import { CelProblem } from './cel-problem.js';
import type { CelRun } from './cel-run.js';

/** The instructions that a pattern may compile to: each character of a text can cost that many steps of the engine. */
export const MAX_PATTERN_INSTRUCTIONS = 1_000;

/** Instructions of the engine for one step. */
const INSTRUCTIONS_PER_STEP = 128;
/** What a character costs even with a small pattern. */
const BASE_INSTRUCTIONS = 16;

export type Matches = (text: string, run: CelRun) => boolean | CelFailure;

/**
 * Compiles the pattern of `matches` for an engine that takes linear time whatever the text. `RegExp` does not: a
 * pattern such as `^(a+)*$` would hold the consumer for ever (a device sends the text).
 */
export function compileMatches(pattern: string, at: number): Matches {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (thrown) {
    throw refusal(pattern, at, thrown);
  }
  const size = compiled.programSize();
  if (size > MAX_PATTERN_INSTRUCTIONS) {
    throw new CelProblem(
      `the pattern ${quoted(pattern)} is too large: it needs ${size} instructions of ${MAX_PATTERN_INSTRUCTIONS}`,
      at,
      'use smaller repetitions, or test the length with size()',
    );
  }
  const cost = size + BASE_INSTRUCTIONS;
  return (text, run) =>
    run.charge(Math.ceil((text.length * cost) / INSTRUCTIONS_PER_STEP)) ?? compiled.test(text);
}

/** Look-around and back-references need backtracking, whose time grows without bound. */
function refusal(pattern: string, at: number, thrown: unknown): CelProblem {
  if (/\(\?<?[=!]/.test(pattern)) {
    const problem = `the pattern ${quoted(pattern)} looks ahead or behind, which cannot be done in linear time`;
    return new CelProblem(problem, at, 'write two conditions with && instead');
  }
  if (/\\(?:[1-9]|k<)/.test(pattern)) {
    const problem = `the pattern ${quoted(pattern)} has a back-reference, which cannot be done in linear time`;
    return new CelProblem(problem, at);
  }
  const cause = (thrown as { error?: unknown } | null)?.error;
  const reason = typeof cause === 'string' ? `: ${cause}` : '';
  return new CelProblem(`the pattern ${quoted(pattern)} is not a regular expression of RE2${reason}`, at);
}
