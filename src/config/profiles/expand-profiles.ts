import { dirname, isAbsolute, join } from 'node:path';
import { Findings } from '../findings.js';
import type { ConfigProblem, KeyPath } from '../problem.js';
import { checkAgainst } from '../validate.js';
import type { YamlSource } from '../yaml-source.js';
import { type ExpandedRule, expandedSource } from './expanded-source.js';
import { findProfile, isPathOfProfile } from './find-profile.js';
import { isSection } from './merge-override.js';
import { type Profile, readProfile } from './profile.js';
import { profileUse } from './profile-schema.js';
import { rulesOfUse } from './use-profile.js';

/** The keys that only the use of a profile has. */
const KEYS_OF_USE = ['profile', 'settings', 'override', 'omit'];

/**
 * Returns the configuration with the rules of profiles in the places where they are used. Problems and locations keep
 * naming what is written: the use, or the file of the profile when the fault is in there. Reads the profiles; never throws.
 *
 * @param directory base of relative paths
 */
export function expandProfiles(source: YamlSource, file: string, directory: string): YamlSource {
  const list = isSection(source.value) ? source.value.rules : undefined;
  if (!Array.isArray(list) || !list.some(isUse)) return source;
  const problems: ConfigProblem[] = [];
  const prefixes = new Map<string, number>();
  const rules = list.flatMap((item: unknown, at): readonly ExpandedRule[] => {
    if (!isUse(item)) return [{ at, value: item }];
    // What cannot be read is reported already.
    if (source.unreadable.some((path) => path[0] === 'rules' && path[1] === at)) return [];
    const expanded = expandUse({ source, file, directory, at, prefixes });
    problems.push(...expanded.problems);
    return expanded.rules;
  });
  return expandedSource(source, rules, problems);
}

function isUse(item: unknown): boolean {
  return isSection(item) && KEYS_OF_USE.some((key) => Object.hasOwn(item, key));
}

interface UseInFile {
  readonly source: YamlSource;
  readonly file: string;
  readonly directory: string;
  /** The index of the use in the list of rules. */
  readonly at: number;
  /** The prefixes of the uses before it, with their indices. */
  readonly prefixes: Map<string, number>;
}

interface Expanded {
  readonly rules: readonly ExpandedRule[];
  readonly problems: readonly ConfigProblem[];
}

function expandUse({ source, file, directory, at, prefixes }: UseInFile): Expanded {
  const base: KeyPath = ['rules', at];
  const checked = checkAgainst(profileUse, partOf(source, base));
  if (!checked.ok) return { rules: [], problems: checked.problems };
  const use = checked.value;
  const findings = new Findings(source, source.unreadable);
  const found = findProfile(use.profile, directory);
  if (!found.ok) {
    findings.add([[...base, 'profile']], found.finding);
    return { rules: [], problems: findings.problems };
  }
  // A path is shown as the user wrote it, beside the configuration as the user named that.
  const isRelative = isPathOfProfile(use.profile) && !isAbsolute(use.profile);
  const shown = isRelative ? join(dirname(file), use.profile) : found.file;
  const read = readProfile(found.text, shown);
  if (!read.ok) return { rules: [], problems: read.problems };
  const { profile } = read;
  const prefix = use.name ?? profile.name;
  const earlier = prefixes.get(prefix);
  if (earlier !== undefined) {
    findings.add([[...base, use.name === undefined ? 'profile' : 'name']], {
      expected: `a \`name\` of its own for its rules; ${source.keyOf(['rules', earlier])} has the name ${prefix}`,
    });
  }
  prefixes.set(prefix, at);
  const rules = rulesOfUse(profile, use, (path, finding) => findings.add([[...base, ...path]], finding));
  if (findings.problems.length > 0) return { rules: [], problems: findings.problems };
  return { rules: rules.map(({ name, rule }) => expandedRule(profile, name, rule, at)), problems: [] };
}

function expandedRule(profile: Profile, name: string, value: unknown, at: number): ExpandedRule {
  return { at, value, ofProfile: { name, written: profile.rules.get(name)! } };
}

/** A section of a file, as if it were one. */
function partOf(source: YamlSource, base: KeyPath): YamlSource {
  return {
    ...source,
    value: base.reduce(
      (value: unknown, step) => (value as Record<string | number, unknown>)[step],
      source.value,
    ),
    locationOf: (path) => source.locationOf([...base, ...path]),
    keyOf: (path) => source.keyOf([...base, ...path]),
    hintOf: (path) => source.hintOf([...base, ...path]),
    placeInText: (path, at) => source.placeInText([...base, ...path], at),
    variablesOf: (path) => source.variablesOf([...base, ...path]),
  };
}
