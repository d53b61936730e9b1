import { isJsonObject, type JsonValue, memberOf } from '../formats/json/json-value.js';
import { quoted } from '../lib/printable.js';
import type { Reading } from './mapped.js';

/** A step whose key or index is the value of a variable of `each`: `[index]`. */
export class VariableStep {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export type PathStep = string | number | VariableStep;
export type Path = readonly PathStep[];

export type PathResult = { readonly ok: true; readonly path: Path } | PathProblem;

export interface PathProblem {
  readonly ok: false;
  readonly problem: string;
  /** Where in the text the problem is, in UTF-16 units; absent when it is the whole text. */
  readonly at?: number;
  /** How it was probably meant, where that can be guessed. */
  readonly hint?: string;
}

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
/** One step: `name`, `.name`, `[3]`, `["odd key"]`, `['odd key']` or `[variable]`. */
const STEP =
  /\.?([^.[\]"'\s]+)|\[(\d{1,9})\]|\[("(?:[^"\\]|\\.)*")\]|\['([^']*)'\]|\[([A-Za-z_][A-Za-z0-9_]*)\]/y;

/** Parses the steps behind a root such as `payload`; no step is the root itself. `variables` are the names that `[name]` may use. */
export function parsePath(text: string, variables: readonly string[]): PathResult {
  const path: PathStep[] = [];
  let at = 0;
  while (at < text.length) {
    STEP.lastIndex = at;
    const step = STEP.exec(text);
    // Only the first step may come without its dot.
    if (step === null || (step[1] !== undefined && at > 0 && text[at] !== '.')) {
      return invalid(
        `${quoted(text)} cannot be read from character ${at + 1} on; use .name, [0] or ["odd key"]`,
        at,
      );
    }
    const parsed = parseStep(step, variables);
    if (typeof parsed === 'object' && 'problem' in parsed) return invalid(parsed.problem, at);
    path.push(parsed);
    at = STEP.lastIndex;
  }
  return { ok: true, path };
}

function parseStep(
  [, name, index, inQuotes, inApostrophes, variable]: RegExpExecArray,
  variables: readonly string[],
): PathStep | { readonly problem: string } {
  if (index !== undefined) return Number(index);
  if (variable !== undefined) {
    if (variables.includes(variable)) return new VariableStep(variable);
    const known =
      variables.length === 0 ? 'the rule has no each' : `each of the rule names ${variables.join(', ')}`;
    return { problem: `[${variable}] is no variable (${known}); write ["${variable}"] for a key` };
  }
  if (name === '*') return { problem: '.* is no step; write ["*"] for a key' };
  const key = name ?? inApostrophes ?? unquote(inQuotes);
  if (key === undefined) return { problem: `${inQuotes} is not a quoted key` };
  if (FORBIDDEN_KEYS.has(key)) return { problem: `the key ${key} is never accepted in a payload` };
  return key;
}

function unquote(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const key: unknown = JSON.parse(text);
    return typeof key === 'string' ? key : undefined;
  } catch {
    // The text comes from the configuration: the caller reports a problem of the rule.
    return undefined;
  }
}

/** The value at a path below `root`; undefined when it is not there. */
export function valueAt(root: JsonValue | undefined, path: Path, reading: Reading): JsonValue | undefined {
  let value = root;
  for (const step of path) {
    if (value === undefined) return undefined;
    if (typeof step === 'number') value = Array.isArray(value) ? value[step] : undefined;
    else if (typeof step === 'string') value = isJsonObject(value) ? memberOf(value, step) : undefined;
    else value = memberByVariable(value, reading.variables?.[step.name]);
  }
  return value;
}

/** The key may come from the payload, so only the object's own keys count. */
function memberByVariable(value: JsonValue, key: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return typeof key === 'number' ? value[key] : undefined;
  if (!isJsonObject(value) || (typeof key !== 'string' && typeof key !== 'number')) return undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function invalid(problem: string, at: number): PathProblem {
  return { ok: false, problem, at };
}

const PLAIN_KEY = /^[^.[\]"'\s]+$/;

/** A path as a rule writes it: `payload.a[0]["odd key"]`. */
export function pathText(base: string, path: Path): string {
  return path.reduce<string>((text, step) => `${text}${stepText(step)}`, base);
}

/** One step of such a path. */
export function stepText(step: PathStep): string {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step !== 'string') return `[${step.name}]`;
  return PLAIN_KEY.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}
