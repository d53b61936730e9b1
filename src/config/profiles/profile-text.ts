import { stringify } from 'yaml';
import { ConfigError } from '../problem.js';
import type { ProfileFound } from './find-profile.js';
import { type Profile, readProfile } from './profile.js';
import { type ProfileRule, rulesOfUse } from './use-profile.js';

/** Opens a profile for a command; a profile that is invalid ends it with every problem. */
export function openProfile({ text, file }: Extract<ProfileFound, { ok: true }>): Profile {
  const read = readProfile(text, file);
  if (read.ok) return read.profile;
  throw new ConfigError(read.problems);
}

/** The rules that a profile stands for with its defaults. */
export function defaultRules(profile: Profile): readonly ProfileRule[] {
  return rulesOfUse(profile, { settings: {}, override: {} }, () => undefined);
}

/** The same rules as a configuration has them. */
export function defaultRulesText(profile: Profile): string {
  return stringify({ rules: defaultRules(profile).map(({ rule }) => rule) }, { lineWidth: 0 });
}
