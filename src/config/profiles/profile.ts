import { nearestName } from '../../lib/nearest-name.js';
import { compileRules } from '../../rules/rule-set.js';
import { addRuleProblems } from '../cross-checks.js';
import { Findings } from '../findings.js';
import type { ConfigProblem, KeyPath } from '../problem.js';
import { readPlainYaml } from '../read-yaml.js';
import { resolveRule } from '../resolve.js';
import { checkAgainst } from '../validate.js';
import type { YamlSource } from '../yaml-source.js';
import { isSection, type WrittenSection } from './merge-override.js';
import { fillPlaceholders, placeholdersIn } from './placeholders.js';
import { type ProfileFile, profileFile, type SettingValue } from './profile-schema.js';

/** A profile whose rules are valid with its defaults. */
export interface Profile extends Omit<ProfileFile, 'rules'> {
  /** Its rules by their names in it, as they are written, with placeholders. */
  readonly rules: ReadonlyMap<string, WrittenSection>;
  readonly defaults: ReadonlyMap<string, SettingValue>;
}

export type ProfileRead =
  | { readonly ok: true; readonly profile: Profile }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Reads and checks a profile. Variables of the environment are not replaced in it. Never throws. */
export function readProfile(text: string, file: string): ProfileRead {
  const yaml = readPlainYaml(text, file);
  if (yaml.problems.length > 0) return { ok: false, problems: yaml.problems };
  if (!isSection(yaml.value)) {
    const expected = 'a section with the keys name, title, description, source, settings and rules';
    return { ok: false, problems: [{ file, key: '', expected }] };
  }
  const { value } = yaml;
  const defaults = defaultsIn(value.settings);
  const source = { ...yaml, value: { ...value, rules: fillPlaceholders(value.rules, defaults) } };
  const checked = checkAgainst(profileFile, source);
  const unknown = unknownPlaceholders(value.rules, ['rules'], [...defaults.keys()], yaml);
  if (!checked.ok || unknown.length > 0) {
    return { ok: false, problems: [...(checked.ok ? [] : checked.problems), ...unknown] };
  }
  const problems = problemsOfRules(checked.value, source);
  if (problems.length > 0) return { ok: false, problems };
  const written = value.rules as readonly WrittenSection[];
  const rules = new Map(written.map((rule) => [String(rule.name), rule]));
  return { ok: true, profile: { ...checked.value, rules, defaults } };
}

function defaultsIn(settings: unknown): Map<string, SettingValue> {
  const entries = isSection(settings) ? Object.entries(settings) : [];
  // What is no value of a setting is reported with the other keys.
  return new Map(
    entries.flatMap(([name, setting]) =>
      isSection(setting) && setting.default != null ? [[name, setting.default as SettingValue]] : [],
    ),
  );
}

function unknownPlaceholders(
  value: unknown,
  path: KeyPath,
  known: readonly string[],
  yaml: YamlSource,
): ConfigProblem[] {
  if (typeof value === 'object' && value !== null) {
    const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
    return entries.flatMap(([key, inner]) => unknownPlaceholders(inner, [...path, key], known, yaml));
  }
  return placeholdersIn(value)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const nearest = nearestName(name, known);
      return {
        ...yaml.locationOf(path),
        key: yaml.keyOf(path),
        got: `<${name}>`,
        expected:
          known.length === 0
            ? 'no placeholder: the profile has no settings'
            : `a setting of the profile: ${known.join(', ')}`,
        ...(nearest !== undefined && { hint: `did you mean <${nearest}>?` }),
      };
    });
}

/** The tables of `lookup` are those of the user's configuration: whether they are there is checked with it. */
function problemsOfRules({ rules }: ProfileFile, yaml: YamlSource): readonly ConfigProblem[] {
  const compiled = compileRules(rules.map((rule) => resolveRule(rule)));
  if (compiled.ok) return [];
  const findings = new Findings(yaml, []);
  const own = compiled.problems.filter(({ path }) => path.at(-2) !== 'lookup' || path.at(-1) === 'key');
  addRuleProblems(own, findings);
  return findings.problems;
}
