import { RE2JS } from 're2js';
import { InfluxqlError } from './influxql-error.js';

/** The instructions that a pattern may compile to; a choice of 500 names of 20 characters needs half of them. */
export const MAX_REGEX_INSTRUCTIONS = 20_000;

/** Compiles a pattern of RE2, which takes linear time whatever the text. Throws an InfluxqlError for a bad one. */
export function compileRegex(pattern: string): (text: string) => boolean {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (thrown) {
    const cause = (thrown as { error?: unknown } | null)?.error;
    const reason = typeof cause === 'string' ? `: ${cause}` : '';
    throw new InfluxqlError(`/${pattern}/ is not a regular expression of RE2${reason}`);
  }
  if (compiled.programSize() > MAX_REGEX_INSTRUCTIONS) {
    throw new InfluxqlError(`the regular expression /${pattern.slice(0, 64)}…/ is too large`);
  }
  return (text) => compiled.test(text);
}
