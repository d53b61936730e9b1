import type { ConfigProblem, KeyPath } from '../problem.js';
import type { YamlSource } from '../yaml-source.js';
import { isSection, type WrittenSection } from './merge-override.js';
import { placeholdersIn } from './placeholders.js';

/** A rule of the configuration after its profiles were expanded. */
export interface ExpandedRule {
  /** The index of the item in the file that it comes from. */
  readonly at: number;
  readonly value: unknown;
  /** Present for a rule of a profile. */
  readonly ofProfile?: {
    /** Its name in the profile. */
    readonly name: string;
    /** The rule in the profile, with placeholders. */
    readonly written: WrittenSection;
  };
}

/** Returns a configuration with other rules than its file has, whose keys are named by what the file has. */
export function expandedSource(
  source: YamlSource,
  rules: readonly ExpandedRule[],
  problems: readonly ConfigProblem[],
): YamlSource {
  const { rules: _, ...others } = source.value as WrittenSection;
  const place = (path: KeyPath) => placeOf(path, rules, source);
  return {
    ...source,
    // Where problems leave no rule there is nothing to check either.
    value: rules.length > 0 ? { ...others, rules: rules.map(({ value }) => value) } : others,
    problems: [...source.problems, ...problems],
    unreadable: source.unreadable.flatMap((path) => expandedPaths(path, rules)),
    locationOf: (path) => source.locationOf(place(path).written),
    keyOf: (path) => source.keyOf(place(path).key),
    hintOf: (path) => source.hintOf(place(path).written),
    placeInText: (path, at) => {
      const { written, isAsWritten } = place(path);
      return isAsWritten ? source.placeInText(written, at) : undefined;
    },
    variablesOf: (path) => [
      ...new Set(place(path).sources.flatMap((written) => source.variablesOf(written))),
    ],
  };
}

/** Where the file of the user decides a key of the expanded configuration. */
interface Place {
  readonly written: KeyPath;
  /** As problems name it; it may go on below what is written. */
  readonly key: KeyPath;
  /** Whether the value there is the very one. */
  readonly isAsWritten: boolean;
  /** The keys whose values are in the value. */
  readonly sources: readonly KeyPath[];
}

function placeOf(path: KeyPath, rules: readonly ExpandedRule[], source: YamlSource): Place {
  const [top, index, ...rest] = path;
  const rule = top === 'rules' && typeof index === 'number' ? rules[index] : undefined;
  if (rule === undefined) return asWritten(path);
  const base: KeyPath = ['rules', rule.at];
  if (rule.ofProfile === undefined) return asWritten([...base, ...rest]);
  const { name, written } = rule.ofProfile;
  const use = reached(source.value, base).value;
  const override: KeyPath = ['override', name];
  const inOverride = reached(use, [...override, ...rest]);
  if (inOverride.isEnd && rest.length > 0) return asWritten([...base, ...override, ...rest]);
  const settings = placeholdersIn(reached(written, rest).value)
    .map((setting): KeyPath => ['settings', setting])
    .filter((setting) => reached(use, setting).isEnd)
    .map((setting) => [...base, ...setting]);
  if (settings[0] !== undefined) {
    return { written: settings[0], key: settings[0], isAsWritten: false, sources: settings };
  }
  const hasOverride = reached(use, override).isEnd;
  const decides = hasOverride ? [...base, ...override] : [...base, 'profile'];
  const key = hasOverride ? [...decides, ...rest] : [...decides, name, ...rest];
  return { written: [...decides, ...(hasOverride ? rest : [])], key, isAsWritten: false, sources: [] };
}

function asWritten(path: KeyPath): Place {
  return { written: path, key: path, isAsWritten: true, sources: [path] };
}

/** A path of the file as one of the expanded configuration; the use of a profile is several rules there. */
function expandedPaths(path: KeyPath, rules: readonly ExpandedRule[]): KeyPath[] {
  const [top, at, ...rest] = path;
  if (top !== 'rules' || typeof at !== 'number') return [path];
  return rules.flatMap((rule, index) => (rule.at === at ? [['rules', index, ...rest]] : []));
}

interface Reached {
  /** The last value on the path that is there. */
  readonly value: unknown;
  /** Whether the path ends there, or at a text or list that is short for a section. */
  readonly isEnd: boolean;
}

function reached(root: unknown, path: KeyPath): Reached {
  let value = root;
  for (const [depth, step] of path.entries()) {
    if (!isSection(value) && !Array.isArray(value)) return { value, isEnd: depth > 0 && value !== undefined };
    if (!Object.hasOwn(value, step)) return { value, isEnd: Array.isArray(value) };
    value = (value as Record<string | number, unknown>)[step];
  }
  return { value, isEnd: value !== undefined };
}
