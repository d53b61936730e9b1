import { describe, expect, it } from 'vitest';
import { parseMosquittoAcl } from '../../../src/config/access/mosquitto-acl.js';
import { parseMosquittoPasswords } from '../../../src/config/access/mosquitto-passwords.js';
import { rolesOfAcl } from '../../../src/config/access/mosquitto-roles.js';

/** From `mosquitto_passwd` 2.0.11: the password is "correct horse". */
const ANNA =
  'anna:$7$101$eW2cWCi8YQNz7NKf$Z28NAE0SR1ABBphZ78IhydaUBphlYR8G6fQAmhMl91aY6cC/2/epsMoShIDk4vUK/CQs0830VeUhnz2Wwy8ZEQ==';

describe('parseMosquittoPasswords', () => {
  it('keeps PBKDF2 hashes, and names the users with another one', () => {
    const { users, remarks } = parseMosquittoPasswords(
      [ANNA, '', '# a comment', 'old:$6$c2FsdA==$aGFzaA==', 'plain:hunter2', 'broken', ':x', ''].join('\n'),
    );
    expect(users.map(({ name, secret }) => [name, secret?.kind])).toEqual([
      ['anna', 'password'],
      ['old', undefined],
      ['plain', undefined],
    ]);
    expect(remarks.map(({ line }) => line)).toEqual([4, 5, 6, 7]);
    expect(JSON.stringify(remarks)).not.toContain('hunter2');
  });
});

function imported(names: readonly string[], ...lines: readonly string[]) {
  const acl = parseMosquittoAcl(lines.join('\n'));
  const { roles, roleOf, remarks } = rolesOfAcl(names, acl, new Set());
  return { roles, roleOf: Object.fromEntries(roleOf), remarks: [...acl.remarks, ...remarks] };
}

describe('the permissions of an ACL file of Mosquitto', () => {
  it('become roles, apart for publishing and subscribing', () => {
    const { roles, roleOf, remarks } = imported(
      ['anna', 'bert'],
      'user anna',
      'topic read sensors/#',
      'topic write commands/+/set',
      'topic status/anna',
      'user bert',
      'topic readwrite a b/c',
    );
    expect(roles).toEqual([
      {
        name: 'mosquitto-1',
        publish: ['commands/+/set', 'status/{user}'],
        subscribe: ['sensors/#', 'status/{user}'],
      },
      { name: 'mosquitto-2', publish: ['a b/c'], subscribe: ['a b/c'] },
    ]);
    expect(roleOf).toEqual({ anna: 'mosquitto-1', bert: 'mosquitto-2' });
    expect(remarks).toEqual([]);
  });

  it('are one role for users who may do the same', () => {
    const names = Array.from({ length: 50 }, (_, index) => `dev${index}`);
    const { roles } = imported(
      names,
      ...names.flatMap((name) => [`user ${name}`, `topic write up/${name}/#`]),
    );
    expect(roles).toEqual([{ name: 'mosquitto-1', publish: ['up/{user}/#'], subscribe: [] }]);
  });

  it('of patterns count for everybody, with %u and %c as whole levels', () => {
    const { roles, remarks } = imported(
      ['anna'],
      'pattern write up/%u/%c',
      'pattern read down/dev-%c/x',
      'pattern read all/+',
    );
    expect(roles).toEqual([{ name: 'mosquitto-1', publish: ['up/{user}/{client}'], subscribe: ['all/+'] }]);
    expect(remarks).toEqual([{ line: 2, remark: 'not imported: %u and %c must be whole levels' }]);
  });

  it.each([
    ['the same filter', 'topic write a/b', 'topic deny a/b'],
    ['a topic below it', 'topic write a/#', 'topic deny a/secret'],
    ['the level that # stands for as well', 'topic write a', 'topic deny a/#'],
    ['a filter that meets it in part', 'topic write a/+/c', 'topic deny a/b/+'],
    ['the levels of a pattern', 'pattern write a/%u', 'topic deny a/x'],
  ])('are omitted when a deny takes %s', (_what, topic, deny) => {
    const { roles, remarks } = imported(['anna'], 'user anna', topic, deny);
    expect(roles).toEqual([]);
    expect(remarks).toEqual([
      { line: 2, remark: 'not imported: line 3 denies a part of it, and rules can only allow' },
    ]);
  });

  it('stay where a deny takes nothing of them, or is for another user', () => {
    const { roleOf } = imported(
      ['anna', 'bert'],
      'user anna',
      'topic deny b/#',
      'topic write a/+',
      'user bert',
      'topic write b/c',
    );
    expect(Object.keys(roleOf)).toEqual(['anna', 'bert']);
  });

  it.each([
    ['for clients without a user', 'topic read public/#', 'without a user'],
    ['on topics of the broker', 'user anna\ntopic read $SYS/broker/load/#', 'reserved for the broker'],
    ['with a wildcard inside a level', 'user anna\ntopic read a/b+', 'wildcard'],
    ['that look like placeholders', 'user anna\ntopic read a/{user}', 'placeholder'],
    ['of an unknown kind', 'user anna\ntopics read a', 'none of user, topic and pattern'],
  ])('%s are not imported, and named', (_what, text, remark) => {
    const found = imported(['anna'], text);
    expect(found.roles).toEqual([]);
    expect(found.remarks[0]!.remark).toContain(remark);
  });

  it('do not take a name with a wildcard for the user', () => {
    const { roles } = imported(['+'], 'user +', 'topic read a/+');
    expect(roles).toEqual([{ name: 'mosquitto-1', publish: [], subscribe: ['a/+'] }]);
  });

  it('get names that are free', () => {
    const acl = parseMosquittoAcl('user a\ntopic read x\nuser b\ntopic read y');
    const { roles } = rolesOfAcl(['a', 'b'], acl, new Set(['mosquitto-1', 'mosquitto-3']));
    expect(roles.map(({ name }) => name)).toEqual(['mosquitto-2', 'mosquitto-4']);
  });
});
