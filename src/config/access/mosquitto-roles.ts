import { fitsOneLevel } from '../../access/topic-permission.js';
import type { NewRole } from './access-document.js';
import type { AclTopic, MosquittoAcl } from './mosquitto-acl.js';
import type { ImportRemark } from './mosquitto-passwords.js';

export interface ImportedRoles {
  readonly roles: readonly NewRole[];
  /** The role of each user; a user without permissions has none. */
  readonly roleOf: ReadonlyMap<string, string>;
  readonly remarks: readonly ImportRemark[];
}

/**
 * Makes roles of what an ACL file allows. Users who may do the same have one role, where their name in a topic becomes `{user}`.
 * Rules of Sluice only allow: a permission that a `deny` takes a part of is omitted as a whole.
 */
export function rolesOfAcl(
  userNames: readonly string[],
  { users, patterns }: MosquittoAcl,
  taken: ReadonlySet<string>,
): ImportedRoles {
  const remarks = new Map<string, ImportRemark>();
  const roles = new Map<string, NewRole>();
  const roleOf = new Map<string, string>();
  const names = new Set(taken);
  for (const name of userNames) {
    const all = [...(users.get(name)?.topics ?? []), ...patterns];
    const denied = all.filter(({ access }) => access === 'deny');
    const allowed = all.filter((topic) => topic.access !== 'deny' && !isCut(topic, denied, remarks));
    const publish = filtersOf(allowed, 'write', name);
    const subscribe = filtersOf(allowed, 'read', name);
    if (publish.length + subscribe.length === 0) continue;
    const key = JSON.stringify([publish, subscribe]);
    const role = roles.get(key) ?? { name: freeName(names), publish, subscribe };
    roles.set(key, role);
    roleOf.set(name, role.name);
  }
  return { roles: [...roles.values()], roleOf, remarks: [...remarks.values()] };
}

function isCut(
  { filter, line }: AclTopic,
  denied: readonly AclTopic[],
  remarks: Map<string, ImportRemark>,
): boolean {
  const by = denied.find((deny) => overlap(deny.filter.split('/'), filter.split('/')));
  if (by === undefined) return false;
  const remark = `not imported: line ${by.line} denies a part of it, and rules can only allow`;
  remarks.set(`${line} ${by.line}`, { line, remark });
  return true;
}

function filtersOf(topics: readonly AclTopic[], kind: 'read' | 'write', name: string): string[] {
  const filters = topics
    .filter(({ access }) => access === kind || access === 'readwrite')
    .map(({ filter }) => withPlaceholder(filter, name));
  return [...new Set(filters)].sort();
}

function withPlaceholder(filter: string, name: string): string {
  if (!fitsOneLevel(name)) return filter;
  return filter
    .split('/')
    .map((level) => (level === name ? '{user}' : level))
    .join('/');
}

/** Whether there may be a topic that matches both. */
function overlap(left: readonly string[], right: readonly string[]): boolean {
  for (let index = 0; ; index += 1) {
    const [a, b] = [left[index], right[index]];
    // `a/#` also matches `a`.
    if (a === '#' || b === '#') return true;
    if (a === undefined || b === undefined) return a === b;
    if (a !== b && !isAny(a) && !isAny(b)) return false;
  }
}

function isAny(level: string): boolean {
  return level === '+' || level === '{user}' || level === '{client}';
}

function freeName(taken: Set<string>): string {
  let number = 1;
  while (taken.has(`mosquitto-${number}`)) number += 1;
  taken.add(`mosquitto-${number}`);
  return `mosquitto-${number}`;
}
