import { SluiceError } from '../errors.js';
import { printable } from '../printable.js';

/** Keys from the top of the file down; numbers count list entries from 0. */
export type KeyPath = readonly (string | number)[];

export interface Place {
  /** The file as the user named it, the option that set the value, or what else it came from. */
  readonly file: string;
  /** From 1; absent where nothing was written. */
  readonly line?: number;
  readonly column?: number;
}

/** One thing wrong with the configuration, for the person who wrote it. */
export interface ConfigProblem extends Place {
  /** `rules[0].fields.humidity.range`; empty for the file as a whole. */
  readonly key: string;
  /** What was found, as it may be shown; absent when there was nothing. */
  readonly got?: string;
  readonly expected: string;
  readonly hint?: string;
}

const PLAIN_KEY = /^[\p{L}\p{N}_-]+$/u;

const MAX_KEY = 80;

export function formatKey(path: KeyPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!PLAIN_KEY.test(step)) text += `[${printable(JSON.stringify(step), MAX_KEY)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** One line: `sluice.yaml:12: rules[0].fields.humidity.range: got "0-100", expected a list of two numbers`. */
export function formatProblem(problem: ConfigProblem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  const key = problem.key === '' ? '' : `${problem.key}: `;
  const got = problem.got === undefined ? '' : `got ${problem.got}, `;
  const hint = problem.hint === undefined ? '' : `; ${problem.hint}`;
  return `${place}: ${key}${got}expected ${problem.expected}${hint}`;
}

/** In the order of the file. */
export function sortProblems(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return problems.toSorted(
    (left, right) =>
      (left.line ?? Number.MAX_SAFE_INTEGER) - (right.line ?? Number.MAX_SAFE_INTEGER) ||
      (left.column ?? 0) - (right.column ?? 0),
  );
}

/** Ends a command that cannot run with this configuration. The message lists every problem, one a line. */
export class ConfigError extends SluiceError {
  readonly problems: readonly ConfigProblem[];

  constructor(
    problems: readonly ConfigProblem[],
    code: 'CONFIG_INVALID' | 'CONFIG_UNREADABLE' = 'CONFIG_INVALID',
  ) {
    super(code, problems.map(formatProblem).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
