import { isDeepStrictEqual } from 'node:util';
import type { RuleOptions } from '../rules/rule-options.js';
import { changedKeys } from './changed-keys.js';
import type { LoadedConfig } from './load-config.js';
import { whenApplied } from './when-applied.js';

/** How the rules of two configurations differ, by name. */
export interface RuleChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  /** Rules that stay are in another order, which counts: the first that matches applies. */
  readonly reordered: boolean;
}

export interface ConfigChanges {
  readonly rules: RuleChanges;
  /** Keys other than those of rules that a reload applies. */
  readonly settings: readonly string[];
  /** Keys whose new values come into force with the next start. */
  readonly needRestart: readonly string[];
}

/** The configurations that the next one is compared with. */
export interface InForce {
  /** The one that the process was started with. */
  readonly started: LoadedConfig;
  /** The one that was applied last. */
  readonly applied: LoadedConfig;
}

/** Returns what a reload of `next` changes, and what it cannot change. */
export function configChanges({ started, applied }: InForce, next: LoadedConfig): ConfigChanges {
  return {
    rules: ruleChanges(applied.config.rules, next.config.rules),
    settings: changedKeys(applied, next).filter((key) => whenApplied(key) === 'reload' && !isOfRules(key)),
    needRestart: changedKeys(started, next).filter((key) => whenApplied(key) === 'restart'),
  };
}

/** Returns true when there is something that a reload applies. */
export function isApplicable({ rules, settings }: ConfigChanges): boolean {
  const { added, removed, changed, reordered } = rules;
  return [added, removed, changed, settings].some(({ length }) => length > 0) || reordered;
}

function ruleChanges(before: readonly RuleOptions[], after: readonly RuleOptions[]): RuleChanges {
  const old = new Map(before.map((rule) => [rule.name, rule]));
  const now = new Map(after.map((rule) => [rule.name, rule]));
  const staying = [...now.keys()].filter((name) => old.has(name));
  return {
    added: [...now.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !now.has(name)),
    changed: staying.filter((name) => !isDeepStrictEqual(old.get(name), now.get(name))),
    reordered: !isDeepStrictEqual(
      staying,
      [...old.keys()].filter((name) => now.has(name)),
    ),
  };
}

function isOfRules(key: string): boolean {
  return key === 'rules' || key.startsWith('rules[');
}
