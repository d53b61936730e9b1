import type { AccessRules, RoleRule } from '../../src/access/access-rules.js';
import type { AccessQuestion } from '../../src/access/decide-access.js';

/**
 * Decides by the text of the specification and by trying, without a line of src/access: topics are matched level by
 * level with a recursion, and a filter is a part of another when every topic of a small world that matches the one
 * matches the other.
 */
export function referenceDecision(rules: AccessRules, { user, clientId, action }: AccessQuestion): boolean {
  const rule = rules.users.get(user);
  if (rule === undefined || rule.isDisabled || rule.secret === undefined) return false;
  if (rule.clientId !== undefined && !fits(rule.clientId, user, clientId)) return false;
  const roles = rule.roles
    .map((name) => rules.roles.get(name))
    .filter((role): role is RoleRule => role !== undefined)
    .filter((role) => role.clientId === undefined || fits(role.clientId, user, clientId));
  const filters = roles.flatMap((role) =>
    role[action.kind].flatMap(({ filter }) => filled(filter, user, clientId)),
  );
  if (action.kind === 'publish') {
    return isTopic(action.topic) && filters.some((filter) => matches(filter, action.topic));
  }
  const asked = action.filter;
  return isFilter(asked) && filters.some((filter) => isPart(asked, filter));
}

/** No permission when a name would be more or less than one level, or a wildcard. */
function filled(filter: string, user: string, clientId: string): string[] {
  const levels = filter.split('/').map((level) => {
    if (level === '{user}') return nameAsLevel(user);
    return level === '{client}' ? nameAsLevel(clientId) : level;
  });
  return levels.includes(undefined) ? [] : [levels.join('/')];
}

function nameAsLevel(name: string): string | undefined {
  return ['/', '+', '#', '$'].some((character) => name.includes(character)) ? undefined : name;
}

function fits(pattern: string, user: string, clientId: string): boolean {
  const parts = pattern.split(/(\+|\{user\})/).filter((part) => part !== '');
  const walk = (at: number, rest: string): boolean => {
    const part = parts[at];
    if (part === undefined) return rest === '';
    if (part !== '+') {
      const text = part === '{user}' ? user : part;
      return rest.startsWith(text) && walk(at + 1, rest.slice(text.length));
    }
    return [...rest].some((_, index) => walk(at + 1, rest.slice(index + 1)));
  };
  return walk(0, clientId);
}

function isTopic(topic: string): boolean {
  return topic !== '' && !/[+#]/.test(topic);
}

function isFilter(filter: string): boolean {
  return /^(?:(?:\+|[^+#/]*)\/)*(?:#|\+|[^+#/]*)$/.test(filter) && filter !== '';
}

/** MQTT 3.1.1 section 4.7. */
export function matches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const walk = (left: readonly string[], right: readonly string[]): boolean => {
    if (left.length === 0) return right.length === 0;
    if (left[0] === '#') return true;
    if (right.length === 0) return false;
    return (left[0] === '+' || left[0] === right[0]) && walk(left.slice(1), right.slice(1));
  };
  return walk(filter.split('/'), topic.split('/'));
}

/** A filter with more levels differs from others in topics that are not tried. */
export const MAX_LEVELS = 4;

/** Every topic of up to four levels, made of the levels of both filters, an empty one, one of neither and one of the broker. */
function isPart(asked: string, permitted: string): boolean {
  const words = [...asked.split('/'), ...permitted.split('/')].filter((level) => !/[+#]/.test(level));
  const levels = [...new Set([...words, '', 'other', '$own'])];
  const isFineFrom = (topic: string, depth: number): boolean => {
    if (matches(asked, topic) && !matches(permitted, topic)) return false;
    return depth === MAX_LEVELS || levels.every((level) => isFineFrom(`${topic}/${level}`, depth + 1));
  };
  return levels.every((level) => isFineFrom(level, 1));
}
