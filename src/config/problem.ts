import { SluiceError } from '../lib/errors.js';
import { printable } from '../lib/printable.js';

/** The keys from the top of the file down to a value; numbers are indices into lists, from 0. */
export type KeyPath = readonly (string | number)[];

/** A path as the file has it: one entry may stand in the place of a list with that entry, and then has no index. */
export function asWritten(path: KeyPath, root: unknown): KeyPath {
  const written: (string | number)[] = [];
  let value = root;
  for (const step of path) {
    const isSection = typeof value === 'object' && value !== null;
    if (step === 0 && value !== undefined && !Array.isArray(value)) continue;
    written.push(step);
    value = isSection ? (value as Record<string | number, unknown>)[step] : undefined;
  }
  return written;
}

/** Where a value of the configuration is written. */
export interface SourceLocation {
  /** The file as the user gave it, the option that set the value, or another source. */
  readonly file: string;
  /** Line from 1; absent when the value is not written. */
  readonly line?: number;
  readonly column?: number;
}

/** One problem of the configuration, for the person who wrote it. */
export interface ConfigProblem extends SourceLocation {
  /** A key such as `rules[0].fields.humidity.range`; empty for the file as a whole. */
  readonly key: string;
  /** What was found, without secrets; absent when nothing was found. */
  readonly got?: string;
  readonly expected: string;
  readonly hint?: string;
  /** The line at `line` as far as it belongs to this key, for problems at one character of a longer text. */
  readonly excerpt?: SourceExcerpt;
}

export interface SourceExcerpt {
  readonly text: string;
  /** Index in `text` of the character that the problem is about; it may be the end. */
  readonly at: number;
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

/** Returns one line such as `sluice.yaml:12:9: rules[0].fields.humidity.range: got "0-100", expected a list of two numbers`. */
export function formatProblem(problem: ConfigProblem): string {
  const place = [problem.file, problem.line, problem.column];
  const location = place.filter((part) => part !== undefined).join(':');
  const key = problem.key === '' ? '' : `${problem.key}: `;
  const got = problem.got === undefined ? '' : `got ${problem.got}, `;
  const hint = problem.hint === undefined ? '' : `; ${problem.hint}`;
  return `${location}: ${key}${got}expected ${problem.expected}${hint}`;
}

/** The longest part of a line that is drawn. */
const MAX_DRAWN = 100;

/** Returns the line of `formatProblem` and, where the place is known to the character, the source with a caret below it. */
export function drawProblem(problem: ConfigProblem): string {
  const { excerpt, line } = problem;
  if (excerpt === undefined || line === undefined) return formatProblem(problem);
  const skipped = Math.max(0, excerpt.at - MAX_DRAWN / 2);
  // One character of the terminal for one of the file, so that the caret stands below it.
  const shown = excerpt.text.slice(skipped, skipped + MAX_DRAWN).replace(UNDRAWN, ' ');
  const margin = String(line).padStart(5);
  return [
    formatProblem(problem),
    `${margin} | ${shown}`,
    `${' '.repeat(margin.length)} | ${' '.repeat(excerpt.at - skipped)}^`,
  ].join('\n');
}

/** Everything that moves the cursor otherwise than by one place, or is not seen. */
const UNDRAWN = /[\p{Cc}\p{Cf}]|(?! )\p{Z}/gu;

/** Returns the problems in the order of the file. */
export function sortProblems(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return problems.toSorted(
    (left, right) =>
      (left.line ?? Number.MAX_SAFE_INTEGER) - (right.line ?? Number.MAX_SAFE_INTEGER) ||
      (left.column ?? 0) - (right.column ?? 0),
  );
}

/** Ends a command that cannot run with this configuration. The message lists every problem, one per line. */
export class ConfigError extends SluiceError {
  declare readonly code: 'CONFIG_INVALID' | 'CONFIG_UNREADABLE';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], code: ConfigError['code'] = 'CONFIG_INVALID') {
    super(code, problems.map(formatProblem).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }

  override get terminalText(): string {
    return this.problems.map(drawProblem).join('\n');
  }
}
