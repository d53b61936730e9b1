import fc from 'fast-check';
import type { AccessRules, RoleRule, UserRule } from '../../src/access/access-rules.js';
import type { AccessQuestion } from '../../src/access/decide-access.js';
import { MAX_LEVELS } from './matching-reference.js';

/** Rules and questions about them, for properties. */

export const HASH = `sha256:${'a'.repeat(43)}`;
export const MAX_PACKET_BYTES = 262_144;

/** Twins, names that are wildcards, and names that would be two levels. */
const NAMES = ['dev1', 'dev10', 'dev', '+', '#', 'a/b', 'a', '$a', 'x-dev1'];
const LEVELS = ['a', 'b', 'dev1', 'dev10', ''];

export const name = fc.constantFrom(...NAMES);
export const topic = fc.array(fc.constantFrom(...LEVELS, '$a', '+', '#'), { minLength: 1, maxLength: 3 });
/** A filter that an access file may have. */
const permitted = fc
  .tuple(
    fc.array(fc.constantFrom(...LEVELS, '$a', '+', '{user}', '{client}'), { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([levels, isOpen]) => [...levels, ...(isOpen || levels.length === 0 ? ['#'] : [])].join('/'))
  .filter((filter) => filter !== '');
const pattern = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom('{user}', '+', '{user}+', 'x-{user}', 'dev+', '+1', 'd+v+', '{user}/b', 'a+{user}'),
);

function permissionsOf(filters: readonly string[]) {
  return filters.map((filter, index) => ({ filter, line: index + 10 }));
}

const role = fc
  .record({
    clientId: pattern,
    publish: fc.array(permitted, { maxLength: 2 }),
    subscribe: fc.array(permitted, { maxLength: 2 }),
  })
  .map(
    ({ clientId, publish, subscribe }): Omit<RoleRule, 'name'> => ({
      clientId,
      publish: permissionsOf(publish),
      subscribe: permissionsOf(subscribe),
      line: 9,
    }),
  );

export const rules = fc
  .record({
    users: fc.dictionary(
      name,
      fc.record({
        clientId: pattern,
        isDisabled: fc.nat(9).map((one) => one === 0),
        roles: fc.subarray(['r', 's']),
      }),
    ),
    r: role,
    s: role,
  })
  .map(
    ({ users, r, s }): AccessRules => ({
      file: 'access.yaml',
      users: new Map(
        Object.entries(users).map(([user, rule]): [string, UserRule] => [
          user,
          { name: user, secret: { kind: 'token', hash: HASH }, line: 2, ...rule },
        ]),
      ),
      roles: new Map([
        ['r', { name: 'r', ...r }],
        ['s', { name: 's', ...s }],
      ]),
    }),
  );

/** Half of the questions begin with a permission that somebody has: chance alone would hardly find one that is allowed. */
export const asked = fc
  .record({
    given: rules,
    pick: fc.nat(1_000),
    user: name,
    clientId: fc.option(name),
    kind: fc.constantFrom('publish' as const, 'subscribe' as const),
    levels: topic,
    isNear: fc.boolean(),
  })
  .map(
    ({
      given,
      pick,
      user: anyUser,
      clientId: anyId,
      kind,
      levels,
      isNear,
    }): [AccessRules, AccessQuestion] => {
      const names = [...given.users.keys()];
      const user = (isNear ? names[pick % names.length] : undefined) ?? anyUser;
      const clientId = anyId ?? ['', 'x-', 'a', 'dev'][pick % 4]! + user;
      const filters = [...given.roles.values()].flatMap((one) => one[kind].map(({ filter }) => filter));
      const near = isNear ? filters[pick % filters.length] : undefined;
      const whole = near === undefined ? levels.join('/') : filledIn(near, user, clientId, kind, levels);
      const text = whole.split('/').slice(0, MAX_LEVELS).join('/');
      const action =
        kind === 'publish' ? ({ kind, topic: text } as const) : ({ kind, filter: text } as const);
      return [given, { user, clientId, action, maxPacketBytes: MAX_PACKET_BYTES }];
    },
  );

/** A topic or filter that the permission allows, or nearly. */
function filledIn(
  filter: string,
  user: string,
  clientId: string,
  kind: 'publish' | 'subscribe',
  levels: readonly string[],
): string {
  const words = levels.filter((level) => kind === 'subscribe' || !/[+#]/.test(level));
  return filter
    .split('/')
    .flatMap((level, index) => {
      if (level === '{user}') return user;
      if (level === '{client}') return clientId;
      if (level === '+') return words[index] ?? 'other';
      return level === '#' ? words : level;
    })
    .join('/');
}

/** `#` is the same as `+/#`, as no topic is empty; it is denied all the same, which only costs somebody a clearer filter. */
export function isSameInOtherWords(given: AccessRules, { action }: AccessQuestion): boolean {
  const all = [...given.roles.values()].flatMap(({ subscribe }) => subscribe);
  return action.kind === 'subscribe' && action.filter === '#' && all.some(({ filter }) => filter === '+/#');
}
