import type * as z from 'zod';
import { nearestName } from '../lib/nearest-name.js';
import { printable } from '../lib/printable.js';
import { placeHint } from './place-hint.js';
import { asWritten, type ConfigProblem, type KeyPath } from './problem.js';
import { schema, type Written } from './schema.js';
import { branchAt, infoOf, knownKeysAt, structureOf } from './schema-walk.js';
import type { YamlSource } from './yaml-source.js';

const MAX_SHOWN = 60;
const MAX_KEYS_SHOWN = 24;

type Issue = z.core.$ZodIssue;

export interface Validated<T = Written> {
  /** The configuration with defaults in place of invalid values, so that the rest can be checked as a whole. */
  readonly written: T;
  readonly problems: readonly ConfigProblem[];
  /** Keys whose values in `written` are not the user's. */
  readonly invalid: readonly KeyPath[];
}

const MAX_PASSES = 50;
/** A file with more problems is not one that a person corrects line by line: the first ones are reported. */
const MAX_PROBLEMS = 100;

/** Checks every key of sluice.yaml on its own and returns all problems at once. */
export function validate(source: YamlSource): Validated {
  return validateFile(schema, source, 'a section with keys such as broker, rules and sink');
}

/** Checks every key of a file on its own; `root` must accept a file without keys. */
export function validateFile<T>(root: z.ZodType<T>, source: YamlSource, expected: string): Validated<T> {
  const withoutKeys = () => root.parse({});
  if (!isSection(source.value)) {
    const problem = problemAt(source, root, [], source.value, expected);
    return { written: withoutKeys(), problems: [problem], invalid: [[]] };
  }
  const first = checkAgainst(root, source);
  if (first.ok) return { written: first.value, problems: [], invalid: [] };
  const { problems } = first;
  if (problems.length >= MAX_PROBLEMS) return { written: withoutKeys(), problems, invalid: [[]] };

  const invalid: KeyPath[] = [];
  const candidate = structuredClone(source.value);
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    const result = root.safeParse(candidate);
    if (result.success) return { written: result.data, problems, invalid };
    for (const issue of issuesOf(result.error, candidate)) invalid.push(...remove(root, candidate, issue));
  }
  return { written: withoutKeys(), problems, invalid: [[]] };
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Checks every key of a file, or of a section that `source` shows as one, on its own. */
export function checkAgainst<T>(root: z.ZodType<T>, source: YamlSource): Checked<T> {
  const result = root.safeParse(source.value);
  if (result.success) return { ok: true, value: result.data };
  const issues = issuesOf(result.error, source.value).slice(0, MAX_PROBLEMS);
  const problems = issues.flatMap((issue) => toProblems(issue, source, root));
  return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) };
}

function issuesOf(error: z.core.$ZodError, root: unknown): Issue[] {
  return error.issues
    .flatMap((issue) => flatten(issue, []))
    .map((issue) => ({ ...issue, path: [...asWritten(issue.path as KeyPath, root)] }));
}

/** Resolves the issues of a union to those of its larger alternative, which is the last. */
function flatten(issue: Issue, prefix: KeyPath): Issue[] {
  const path = [...prefix, ...(issue.path as KeyPath)];
  if (issue.code !== 'invalid_union') return [{ ...issue, path: [...path] }];
  const inner = issue.errors.at(-1) ?? [];
  const isAnotherKind =
    inner.length === 0 || inner.some(({ code, path: at }) => code === 'invalid_type' && at.length === 0);
  if (isAnotherKind) return [{ code: 'invalid_type', expected: 'object', path: [...path], message: '' }];
  return inner.flatMap((one) => flatten(one, path));
}

function toProblems(issue: Issue, source: YamlSource, root: z.ZodType): ConfigProblem[] {
  const path = issue.path as KeyPath;
  const got = valueAt(source.value, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys
        .slice(0, MAX_PROBLEMS + 1)
        .map((key) => unknownKey([...path, key], got, source, root));
    case 'custom': {
      const hint: unknown = issue.params?.hint;
      return [problemAt(source, root, path, got, issue.message, typeof hint === 'string' ? hint : undefined)];
    }
    case 'too_small':
      return [problemAt(source, root, path, got, 'at least one entry, or no such key')];
    default: {
      const branch = branchAt(root, path);
      const type = branch && infoOf(branch)?.type;
      const expected = kindText(type, knownKeysAt(root, path));
      return [problemAt(source, root, path, got, expected, structureHint(branch, got))];
    }
  }
}

function kindText(type: string | undefined, keys: readonly string[]): string {
  const article = type === 'section' || type === 'list' ? `a ${type}` : (type ?? 'something else');
  return type?.includes('section') && keys.length > 0 ? `${article} with ${keysText(keys)}` : article;
}

const PAIR_WITHOUT_BLANK = /^([A-Za-z]\w*)(?::| *= *)(\S+)$/;

const PATH = /^[A-Za-z_]\w*(?:[.[][^\s{}]+)?$/;

/** How to write what is of another structure: a list for a section, or a pair of key and value as one text. */
function structureHint(branch: z.core.$ZodType | undefined, got: unknown): string | undefined {
  const structure = branch && structureOf(branch);
  const kind = structure?.kind;
  if (kind === 'list' && got !== undefined) return 'begin each entry with a dash and a blank: - key: value';
  if (kind !== 'section' && kind !== 'named') return undefined;
  if (Array.isArray(got)) return 'write each as key: value, without dashes and brackets';
  const [, pair] = typeof got === 'string' ? (PAIR_WITHOUT_BLANK.exec(got) ?? []) : [];
  if (pair !== undefined) return `write a blank behind the colon: ${pair}: value`;
  if (structure?.kind !== 'section') return undefined;
  if (structure.keys.has('value') && typeof got !== 'string' && !isSection(got) && got !== undefined) {
    return `a constant is written { value: ${String(got)} }`;
  }
  return structure.keys.has('path') && typeof got === 'string' && PATH.test(got)
    ? `write { path: ${got} }`
    : undefined;
}

function unknownKey(path: KeyPath, section: unknown, source: YamlSource, root: z.ZodType): ConfigProblem {
  const known = knownKeysAt(root, path.slice(0, -1));
  const written = String(path.at(-1));
  // In the place of a rule there may be the use of a profile.
  const meant = path[0] === 'rules' && path.length === 3 ? [...known, 'profile'] : known;
  const nearest = nearestName(written, meant);
  const place = root === schema && isSection(section) ? placeHint(path, section, source.keyOf) : undefined;
  return {
    ...source.locationOf(path),
    key: source.keyOf(path),
    got: 'an unknown key',
    expected: keysText(known),
    hint:
      referenceInBraces(written, section) ??
      place ??
      (nearest === undefined ? undefined : `did you mean "${nearest}"?`),
  };
}

/** `{payload.t}` without quotes is a section with one key for YAML, and nothing behind it. */
function referenceInBraces(key: string, section: unknown): string | undefined {
  if (!/^(?:payload|topic)[.[]/.test(key) || !isSection(section) || (section[key] ?? null) !== null)
    return undefined;
  return `write ${key} without braces, or "{${key}}" in quotes for a text with references`;
}

function keysText(keys: readonly string[]): string {
  const shown = keys.slice(0, MAX_KEYS_SHOWN).join(', ');
  return keys.length === 1 ? `the key ${shown}` : `the keys ${shown}`;
}

function problemAt(
  source: YamlSource,
  root: z.ZodType,
  path: KeyPath,
  got: unknown,
  expected: string,
  hint?: string,
): ConfigProblem {
  const shown = shownValue(source, root, path, got ?? writtenInPlaceOf(source, path));
  return {
    ...source.locationOf(path),
    key: source.keyOf(path),
    expected: shown === undefined ? `${expected}; it is missing` : expected,
    got: shown,
    hint: hint ?? (shown === undefined ? source.hintOf(path) : undefined),
  };
}

/** A text or a list may stand for the section that has the key: `[payload.a, 5]` for its `path`. */
function writtenInPlaceOf(source: YamlSource, path: KeyPath): unknown {
  const around = path.length === 0 ? undefined : valueAt(source.value, path.slice(0, -1));
  const isListIndex = typeof path.at(-1) === 'number';
  return isSection(around) || isListIndex ? undefined : (around ?? undefined);
}

/** Returns a value as a problem may show it: without secrets and without the values of variables. */
export function shownValue(
  source: YamlSource,
  root: z.ZodType,
  path: KeyPath,
  got: unknown,
): string | undefined {
  if (got === undefined) return undefined;
  const variables = source.variablesOf(path);
  if (variables.length > 0) return `the value of ${variables.join(' and ')}`;
  const branch = branchAt(root, path);
  if (branch !== undefined && infoOf(branch)?.isSecret) return 'a value that is not shown';
  if (Array.isArray(got)) {
    if (got.length === 0) return 'an empty list';
    return got.every((entry) => typeof entry === 'number')
      ? printable(`[${got.join(', ')}]`, MAX_SHOWN)
      : 'a list';
  }
  if (typeof got === 'object') return 'a section';
  if (typeof got === 'string') return printable(JSON.stringify(withoutCredentials(got)), MAX_SHOWN);
  return printable(String(got), MAX_SHOWN);
}

function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//…@');
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(root: unknown, path: KeyPath): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** Removes the value that an issue is about or, when a key is missing, the section that lacks it. Returns the removed keys. */
function remove(root: z.ZodType, value: unknown, issue: Issue): KeyPath[] {
  const path = issue.path as KeyPath;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => [...path, key]).filter((keyPath) => removeAt(root, value, keyPath));
  }
  for (let length = path.length; length > 0; length -= 1) {
    const around = path.slice(0, length);
    if (removeAt(root, value, around)) return [around];
  }
  return [];
}

function removeAt(root: z.ZodType, value: unknown, path: KeyPath): boolean {
  const around = valueAt(value, path.slice(0, -1));
  const last = path.at(-1)!;
  if (typeof around !== 'object' || around === null || !Object.hasOwn(around, last)) return false;
  if (Array.isArray(around)) {
    // The other entries must keep their indices, because the locations of problems depend on them.
    const list = branchAt(root, path.slice(0, -1));
    around[last as number] = list && structuredClone(infoOf(list)?.placeholder);
    return true;
  }
  // If the section needs this key, the next pass removes the section.
  delete (around as Record<string | number, unknown>)[last];
  return true;
}
