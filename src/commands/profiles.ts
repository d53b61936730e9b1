import { findProfile, shippedProfiles } from '../config/profiles/find-profile.js';
import type { Profile } from '../config/profiles/profile.js';
import { defaultRules, defaultRulesText, openProfile } from '../config/profiles/profile-text.js';
import { SluiceError } from '../lib/errors.js';
import { storesNothing } from '../rules/rule-options.js';
import type { ProfileShowOptions } from './options.js';

/** `sluice profiles list`: a line for each profile that comes with Sluice, with the topics that it stores. */
export function listProfiles(): number {
  const rows = shippedProfiles().map((name) => {
    const profile = shipped(name);
    const stored = defaultRules(profile).filter(({ rule }) => !storesNothing(rule));
    const topics = [...new Set(stored.map(({ rule }) => String(rule.topic)))];
    return { name, title: profile.title, topics: topics.join(', ') };
  });
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const titleWidth = Math.max(...rows.map(({ title }) => title.length));
  for (const { name, title, topics } of rows) {
    process.stdout.write(`${name.padEnd(nameWidth)}  ${title.padEnd(titleWidth)}  ${topics}\n`);
  }
  return 0;
}

/** `sluice profiles show`: the file of a profile, or the rules that it stands for. */
export function showProfile(name: string, { rules }: ProfileShowOptions): number {
  const found = findProfile(name, process.cwd());
  if (!found.ok) {
    const { expected, hint } = found.finding;
    throw new SluiceError(
      'USAGE_INVALID',
      `profiles show: got ${name}, expected ${expected}${hint === undefined ? '' : `; ${hint}`}`,
    );
  }
  process.stdout.write(rules ? defaultRulesText(openProfile(found)) : found.text);
  return 0;
}

function shipped(name: string): Profile {
  const found = findProfile(name, '');
  if (!found.ok) throw new Error(`the profile ${name} is not there any more`);
  return openProfile(found);
}
