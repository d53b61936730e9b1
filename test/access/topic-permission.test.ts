import { describe, expect, it } from 'vitest';
import { permitsFilter, permitsTopic, topicPermission } from '../../src/access/topic-permission.js';

function permission(filter: string, user = 'dev1', client = 'c1') {
  return topicPermission({ filter, line: 1 }, { user, client });
}

describe('a permission [access 2] [security 10]', () => {
  it('fills its placeholders as whole levels', () => {
    expect(permission('a/{user}/{client}/#')?.levels).toEqual(['a', 'dev1', 'c1', '#']);
  });

  it.each(['+', '#', 'a/b', 'a/#', '$SYS', 'x+', 'a\u0000', 'a\n', ''])(
    'permits nothing to a name that is no level: %j',
    (name) => {
      expect(permission('a/{user}/#', name)).toBeUndefined();
      expect(permission('a/{client}', 'dev1', name)).toBeUndefined();
      // A permission without names does not care.
      expect(permission('a/#', name)?.levels).toEqual(['a', '#']);
    },
  );

  it.each([
    ['a/{user}/t', 'a/dev1/t', true],
    ['a/{user}/t', 'a/dev10/t', false],
    ['a/{user}/#', 'a/dev1', true],
    ['a/{user}/#', 'a/dev10', false],
    ['a/{user}/#', 'a/dev1/', true],
    ['a/+', 'a/b/c', false],
    ['a/+', 'a', false],
    ['+/b', '/b', true],
    ['#', 'a/b', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['a', 'A', false],
  ])('%s permits the topic %s: %s', (filter, topic, isPermitted) => {
    expect(permitsTopic(permission(filter)!, topic.split('/'))).toBe(isPermitted);
  });

  it.each([
    ['a/#', 'a/b/+', true],
    ['a/#', 'a/#', true],
    ['a/#', 'a', true],
    ['a/#', '#', false],
    ['a/#', '+/b', false],
    ['a/+', 'a/#', false],
    ['a/+', 'a/+', true],
    ['a/+/c', 'a/b/c', true],
    ['a/+/#', 'a/#', false],
    ['a/{user}/+', 'a/+/t', false],
    ['a/{user}/+', 'a/dev1/t', true],
    ['a/{user}/+', 'a/dev10/t', false],
    ['#', '$SYS/#', false],
  ])('%s permits the whole filter %s: %s', (filter, asked, isPermitted) => {
    expect(permitsFilter(permission(filter)!, asked.split('/'))).toBe(isPermitted);
  });
});
