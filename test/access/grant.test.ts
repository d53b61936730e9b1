import { describe, expect, it } from 'vitest';
import { Grant } from '../../src/access/grant.js';
import { topicPermission } from '../../src/access/topic-permission.js';

function grantOf(publish: readonly string[], subscribe: readonly string[] = []): Grant {
  const names = { user: 'dev1', client: 'dev1' };
  const permissions = (filters: readonly string[]) =>
    filters.map((filter, index) => topicPermission({ filter, line: index + 1 }, names)!);
  return new Grant({
    ...names,
    generation: 3,
    publish: permissions(publish),
    subscribe: permissions(subscribe),
    expiresAtMs: 5,
  });
}

describe('a grant [access 1]', () => {
  it('denies what nothing permits', () => {
    const grant = grantOf([]);
    expect([grant.mayPublish('a'), grant.maySubscribe('a'), grant.mayReceive('a')]).toEqual([
      false,
      false,
      false,
    ]);
    expect([grant.permissionToPublish('a'), grant.permissionToSubscribe('a')]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('keeps publish and subscribe apart', () => {
    const grant = grantOf(['a/#'], ['b/#']);
    expect([grant.mayPublish('a/1'), grant.mayPublish('b/1')]).toEqual([true, false]);
    expect([grant.maySubscribe('a/1'), grant.maySubscribe('b/1')]).toEqual([false, true]);
    expect([grant.mayReceive('a/1'), grant.mayReceive('b/1')]).toEqual([false, true]);
  });

  it('answers the same for a topic that was asked before, also behind many others', () => {
    const grant = grantOf(['a/+', 'sensors/{user}/t']);
    expect(grant.mayPublish('sensors/dev1/t')).toBe(true);
    for (let number = 0; number < 3_000; number += 1) {
      expect(grant.mayPublish(`a/${number}`)).toBe(true);
      expect(grant.mayPublish(`b/${number}`)).toBe(false);
    }
    expect([grant.mayPublish('sensors/dev1/t'), grant.mayPublish('b/1')]).toEqual([true, false]);
    expect([grant.mayPublish('sensors/dev10/t'), grant.mayPublish('sensors/dev1/t')]).toEqual([false, true]);
  });

  it('adds permissions up, in any order', () => {
    expect(grantOf(['a', 'a/#', 'b']).permissionToPublish('a/x')).toEqual({ filter: 'a/#', line: 2 });
    for (const order of [
      ['a/#', 'b'],
      ['b', 'a/#'],
    ]) {
      const grant = grantOf(order, order);
      expect([grant.mayPublish('a/x'), grant.mayPublish('b'), grant.maySubscribe('b')]).toEqual([
        true,
        true,
        true,
      ]);
    }
  });

  it('names who it is for, and which rules it was made from', () => {
    expect(grantOf([])).toMatchObject({ user: 'dev1', clientId: 'dev1', generation: 3, expiresAtMs: 5 });
  });
});
