import { isDeepStrictEqual } from 'node:util';
import type { AccessRules, UserRule } from '../../access/access-rules.js';
import type { AccessChanges, NameChanges } from '../reload-result.js';

/** Names in a list of the answer of a reload. */
const MAX_NAMES = 1_000;

/** Returns how the rules of two access files differ, by name; `undefined` when they are the same. */
export function accessChanges(before: AccessRules, after: AccessRules): AccessChanges | undefined {
  const users = nameChanges(before.users, after.users, isOtherUser);
  const roles = nameChanges(before.roles, after.roles, isChanged);
  const sections = (['jwt', 'mtls'] as const).filter((key) => isChanged(before[key], after[key]));
  const lists = [
    ...Object.values(users),
    ...Object.values(roles),
    sections,
  ] as readonly (readonly string[])[];
  return lists.every(({ length }) => length === 0) ? undefined : { users, roles, sections };
}

type Named<T> = ReadonlyMap<string, T>;

function nameChanges<T>(
  before: Named<T>,
  after: Named<T>,
  isOther: (before: T, after: T) => boolean,
): NameChanges {
  const names = [...after.keys()];
  return {
    added: firstOf(names.filter((name) => !before.has(name))),
    removed: firstOf([...before.keys()].filter((name) => !after.has(name))),
    changed: firstOf(
      names.filter((name) => before.has(name) && isOther(before.get(name)!, after.get(name)!)),
    ),
  };
}

/** There may be 100,000 of them. */
function isOtherUser(before: UserRule, after: UserRule): boolean {
  return contentOf(before) !== contentOf(after);
}

function contentOf({ secret, roles, clientId, isDisabled }: UserRule): string {
  return JSON.stringify([secret?.kind, secret?.hash, roles, clientId, isDisabled]);
}

/** The lines are no difference: they change with every line in front of them. */
function isChanged(before: unknown, after: unknown): boolean {
  return !isDeepStrictEqual(withoutLines(before), withoutLines(after));
}

function withoutLines(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLines);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'line')
      .map(([key, inner]) => [key, withoutLines(inner)]),
  );
}

function firstOf(names: readonly string[]): readonly string[] {
  if (names.length <= MAX_NAMES) return names;
  return [...names.slice(0, MAX_NAMES), `… and ${names.length - MAX_NAMES} more`];
}
