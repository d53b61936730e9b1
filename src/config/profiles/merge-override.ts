import { isTemplate } from '../../rules/rule-options.js';
import type { KeyPath } from '../problem.js';

/** A rule, or a section of one, as it is written. */
export type WrittenSection = Readonly<Record<string, unknown>>;

/** Of these keys a value has exactly one: a new one replaces the old. */
const SOURCES = ['path', 'value', 'template', 'lookup', 'cel'] as const;

/**
 * Returns a rule with the keys of an override: sections are merged, everything else is replaced, and a key without a value
 * is removed. `unknown` gets each key that would be removed and is not there.
 */
export function mergeOverride(
  rule: WrittenSection,
  override: WrittenSection,
  unknown: (path: KeyPath, known: readonly string[]) => void,
): WrittenSection {
  return merged(rule, override, [], unknown);
}

function merged(
  base: WrittenSection,
  override: WrittenSection,
  path: KeyPath,
  unknown: (path: KeyPath, known: readonly string[]) => void,
): WrittenSection {
  const result: Record<string, unknown> = { ...base };
  if (SOURCES.some((key) => hasValue(override[key]))) for (const key of SOURCES) delete result[key];
  for (const [key, value] of Object.entries(override)) {
    const at = [...path, key];
    if (hasValue(value)) {
      const inner = sectionOf(base[key], at);
      result[key] = isSection(value) && inner !== undefined ? merged(inner, value, at, unknown) : value;
    } else {
      if (!Object.hasOwn(base, key)) unknown(at, Object.keys(base));
      delete result[key];
    }
  }
  return result;
}

/** A section; a tag or field that is written as a text or list is short for one. */
function sectionOf(value: unknown, path: KeyPath): WrittenSection | undefined {
  if (isSection(value)) return value;
  const isShort = path.length === 2 && (path[0] === 'tags' || path[0] === 'fields');
  if (!isShort || (typeof value !== 'string' && !Array.isArray(value))) return undefined;
  return typeof value === 'string' && isTemplate(value) ? { template: value } : { path: value };
}

/** YAML without a value: `key: null`, or nothing behind the colon. */
function hasValue(value: unknown): boolean {
  return value !== null && value !== undefined;
}

export function isSection(value: unknown): value is WrittenSection {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
