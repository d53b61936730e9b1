import { nearestName } from '../../lib/nearest-name.js';
import { quoted } from '../../lib/printable.js';
import type { Finding } from '../findings.js';
import type { KeyPath } from '../problem.js';
import { mergeOverride, type WrittenSection } from './merge-override.js';
import { fillPlaceholders } from './placeholders.js';
import type { Profile } from './profile.js';
import type { ProfileUse, SettingValue } from './profile-schema.js';

/** A rule of a profile as one use of it has it. */
export interface ProfileRule {
  /** Its name in the profile. */
  readonly name: string;
  /** The rule as a configuration would have it. */
  readonly rule: WrittenSection;
}

/** Gets what is wrong with a use; the path begins at its item in `rules`. */
export type ReportUse = (path: KeyPath, finding: Finding) => void;

/** Returns the rules that a use of a profile stands for, in the order of the profile. */
export function rulesOfUse(
  { name, defaults, rules }: Profile,
  use: Omit<ProfileUse, 'profile'>,
  report: ReportUse,
): ProfileRule[] {
  const settings = settingsOf(defaults, use.settings, report);
  const names = [...rules.keys()];
  for (const rule of Object.keys(use.override)) {
    if (!rules.has(rule)) report(['override', rule], noSuch('rule', rule, names));
  }
  for (const [index, rule] of (use.omit ?? []).entries()) {
    if (!rules.has(rule)) report(['omit', index], noSuch('rule', rule, names));
  }
  const used = names.filter((rule) => use.omit?.includes(rule) !== true);
  if (used.length === 0) report(['omit'], { expected: 'a rule that is left' });
  const prefix = use.name ?? name;
  return withoutLooseEnds(
    used.map((ruleName) => {
      const override = use.override[ruleName];
      const filled = fillPlaceholders(rules.get(ruleName), settings) as WrittenSection;
      const merged = override === undefined ? filled : overridden(filled, ruleName, override, report);
      return { name: ruleName, rule: { ...merged, name: `${prefix}/${ruleName}` } };
    }),
  );
}

function settingsOf(
  defaults: ReadonlyMap<string, SettingValue>,
  written: ProfileUse['settings'],
  report: ReportUse,
): ReadonlyMap<string, SettingValue> {
  const settings = new Map(defaults);
  for (const [name, value] of Object.entries(written)) {
    const path = ['settings', name];
    const known = defaults.get(name);
    if (known === undefined) report(path, noSuch('setting', name, [...defaults.keys()]));
    else if (kindOf(value) !== kindOf(known))
      report(path, { expected: `${kindOf(known)}, like the default` });
    else settings.set(name, value);
  }
  return settings;
}

function kindOf(value: SettingValue): string {
  if (typeof value === 'object') return 'a list of texts';
  if (typeof value === 'boolean') return 'true or false';
  return typeof value === 'number' ? 'a number' : 'a text';
}

function overridden(
  rule: WrittenSection,
  name: string,
  override: WrittenSection,
  report: ReportUse,
): WrittenSection {
  if (Object.hasOwn(override, 'name')) {
    report(['override', name, 'name'], {
      expected: 'no such key: the names of the rules are those of the profile, behind the `name` of its use',
    });
  }
  return mergeOverride(rule, override, (path, known) => {
    const last = String(path.at(-1));
    const nearest = nearestName(last, known);
    report(['override', name, ...path], {
      got: 'no value',
      expected: 'a key of the rule in the profile, which this would remove',
      ...(nearest !== undefined && { hint: `did you mean ${nearest}?` }),
    });
  });
}

/** Without rules behind it that take the same topics, `continue` would hand them to the rules behind the profile. */
function withoutLooseEnds(used: readonly ProfileRule[]): ProfileRule[] {
  return used.map(({ name, rule }, index) => {
    const isLast = !used.slice(index + 1).some((later) => later.rule.topic === rule.topic);
    if (!isLast || rule.continue === undefined) return { name, rule };
    const { continue: _, ...last } = rule;
    return { name, rule: last };
  });
}

function noSuch(kind: string, name: string, known: readonly string[]): Finding {
  const nearest = nearestName(name, known);
  return {
    got: quoted(name),
    expected:
      known.length === 0
        ? `no ${kind}: the profile has none`
        : `a ${kind} of the profile: ${known.join(', ')}`,
    ...(nearest !== undefined && { hint: `did you mean ${nearest}?` }),
  };
}
