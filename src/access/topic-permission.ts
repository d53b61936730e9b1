import type { PermissionRule } from './access-rules.js';

/** Who a permission is for. */
export interface PermittedNames {
  readonly user: string;
  readonly client: string;
}

/** One permission for one user and client: a topic filter without placeholders, level by level. */
export interface TopicPermission {
  readonly levels: readonly string[];
  readonly rule: PermissionRule;
}

/** A name with one of these would become more than one level, or a wildcard (mosquitto CVE-2017-7650). */
const NOT_A_LEVEL = /[/+#$\p{Cc}]/u;

/** Returns whether a name can stand for `{user}` or `{client}`. */
export function fitsOneLevel(name: string): boolean {
  return name !== '' && !NOT_A_LEVEL.test(name);
}

/** Fills in the placeholders. Returns `undefined` when a name does not fit one level: the permission then permits nothing. */
export function topicPermission(rule: PermissionRule, names: PermittedNames): TopicPermission | undefined {
  const levels: string[] = [];
  for (const level of rule.filter.split('/')) {
    const name = level === '{user}' ? names.user : level === '{client}' ? names.client : undefined;
    if (name === undefined) {
      levels.push(level);
      continue;
    }
    if (!fitsOneLevel(name)) return undefined;
    levels.push(name);
  }
  return { levels, rule };
}

/** Whether a topic name matches the permission (MQTT 3.1.1 section 4.7). */
export function permitsTopic({ levels: permitted }: TopicPermission, topic: readonly string[]): boolean {
  // [MQTT-4.7.2-1]
  if (topic[0]!.startsWith('$') && isWildcard(permitted[0]!)) return false;
  for (const [index, level] of permitted.entries()) {
    // `a/#` also matches `a` (MQTT 3.1.1 section 4.7.1.2).
    if (level === '#') return true;
    if (index >= topic.length) return false;
    if (level !== '+' && level !== topic[index]) return false;
  }
  return topic.length === permitted.length;
}

/** Whether every topic that matches `filter` also matches the permission. */
export function permitsFilter({ levels: permitted }: TopicPermission, filter: readonly string[]): boolean {
  if (filter[0]!.startsWith('$') && isWildcard(permitted[0]!)) return false;
  for (const [index, level] of permitted.entries()) {
    if (level === '#') return true;
    if (index >= filter.length) return false;
    const asked = filter[index]!;
    if (asked === '#') return false;
    if (level !== '+' && level !== asked) return false;
  }
  return filter.length === permitted.length;
}

function isWildcard(level: string): boolean {
  return level === '+' || level === '#';
}
