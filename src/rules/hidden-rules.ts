import type { RuleOptions } from './rule-options.js';

export interface HiddenRule {
  /** The index of the rule that no record reaches, from 0. */
  readonly index: number;
  /** The index of an earlier rule that takes every topic of it. */
  readonly by: number;
}

/**
 * Returns the rules that an earlier rule leaves no topic for: where the first rule that matches takes a record, it keeps
 * it even if its `where` filters it. Rules that only several earlier ones hide together are not found. Where every
 * matching rule applies, no rule hides another; nor does one with `continue`.
 */
export function hiddenRules(rules: readonly Pick<RuleOptions, 'topic' | 'continue'>[]): HiddenRule[] {
  return rules.flatMap(({ topic }, index) => {
    const by = rules
      .slice(0, index)
      .findIndex((earlier) => earlier.continue !== true && takesAllOf(earlier.topic, topic));
    return by < 0 ? [] : [{ index, by }];
  });
}

/** Whether the first filter matches every topic that the second one matches (MQTT 3.1.1, 4.7). */
export function takesAllOf(wider: string, narrower: string): boolean {
  const [levels, inner] = [kindsOf(wider), kindsOf(narrower)];
  // [MQTT-4.7.2-1]: a wildcard in the first place matches no topic that begins with $.
  if (isWildcard(levels[0]!) && inner[0]!.startsWith('$')) return false;
  for (const [index, level] of levels.entries()) {
    const one = inner[index];
    // `a/#` matches `a` as well.
    if (level === '#') return true;
    if (one === undefined) return false;
    // Every topic has a first level, so `#` matches what `+/#` matches.
    if (one === '#') return index === 0 && level === '+' && levels[1] === '#';
    if (level !== '+' && level !== one) return false;
  }
  return inner.length === levels.length;
}

/** The levels of a filter without the names of its wildcards. */
function kindsOf(filter: string): string[] {
  return filter.split('/').map((level) => (isWildcard(level) ? level[0]! : level));
}

function isWildcard(level: string): boolean {
  return level.startsWith('+') || level.startsWith('#');
}
