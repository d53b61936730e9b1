import { describe, expect, it } from 'vitest';
import { SubscriptionRouter } from '../../../src/broker/sessions/subscription-router.js';
import { nextTurns } from '../../support/deliveries-fixture.js';

describe('SubscriptionRouter', () => {
  it.each([
    ['sport/tennis/#', ['sport/tennis', 'sport/tennis/player1/score'], ['sport', 'sport/tennis2']],
    ['sport/+', ['sport/', 'sport/x'], ['sport', 'sport/x/y']],
    ['+/+', ['/finance', 'a/b'], ['finance', 'a/b/c']],
    ['/+', ['/finance'], ['finance', 'a/finance']],
    ['+', ['finance', 'constructor'], ['/finance']],
    ['#', ['a', '/', 'a//b', '__proto__'], ['$SYS/x', '$aws/things/x']],
    ['+/monitor/clients', ['a/monitor/clients'], ['$SYS/monitor/clients']],
    ['$SYS/#', ['$SYS/monitor'], ['SYS/monitor', '$sys/monitor']],
    ['$aws/+/x', ['$aws/things/x'], ['$aws/things/y']],
    ['Accounts', ['Accounts'], ['ACCOUNTS', 'Accounts ', 'accounts']],
    ['a//b', ['a//b'], ['a/b', 'a/x/b']],
    ['messung/größe/+', ['messung/größe/1'], ['messung/grosse/1']],
  ] as const)(
    'lets %s match %j, and not %j [MQTT-4.7.1-2, MQTT-4.7.1-3, MQTT-4.7.2-1, MQTT-4.7.3-4]',
    (filter, matching, others) => {
      const router = new SubscriptionRouter<string>();
      router.add('s', filter, 1);
      for (const topic of matching)
        expect(router.routeOf(topic).targets).toMatchObject([{ session: 's', qos: 1 }]);
      for (const topic of others) expect(router.routeOf(topic).targets).toEqual([]);
    },
  );

  it('names each session once, with the highest QoS of its filters [MQTT-3.3.5-1]', () => {
    const router = new SubscriptionRouter<string>();
    router.add('one', 'a/#', 0);
    router.add('one', 'a/b', 2);
    router.add('one', '+/b', 1);
    router.add('other', '#', 1);
    const { targets } = router.routeOf('a/b');
    expect(targets).toHaveLength(2);
    expect(targets).toContainEqual(expect.objectContaining({ session: 'one', qos: 2 }));
    expect(targets).toContainEqual(expect.objectContaining({ session: 'other', qos: 1 }));
  });

  it('follows every change at once, also when aedes forgets a function only later', async () => {
    const router = new SubscriptionRouter<string>();
    const first = router.add('one', 'a', 0);
    expect(router.routeOf('a').targets).toHaveLength(1);
    router.change(first, 2);
    expect(router.routeOf('a').targets).toMatchObject([{ session: 'one', qos: 2 }]);
    router.remove(first);
    router.remove(first);
    expect(router.size).toBe(0);
    expect(router.routeOf('a').targets).toEqual([]);
    router.add('one', 'a', 1);
    expect(router.routeOf('a').targets).toMatchObject([{ session: 'one', qos: 1 }]);
    await nextTurns();
    router.add('other', 'b', 1);
    expect(router.routeOf('a').targets).toMatchObject([{ session: 'one', qos: 1 }]);
  });

  it('answers from its cache until something changes', () => {
    const router = new SubscriptionRouter<string>();
    router.add('one', '#', 0);
    const route = router.routeOf('a');
    expect(router.routeOf('a')).toBe(route);
    router.add('one', 'b', 0);
    expect(router.routeOf('a')).not.toBe(route);
    expect(router.routeOf('a').topicBytes).toBe(route.topicBytes);
  });

  it('finds nothing for a topic with more levels than aedes takes', () => {
    const router = new SubscriptionRouter<string>();
    router.add('one', '#', 0);
    expect(router.routeOf('/'.repeat(99)).targets).toHaveLength(1);
    expect(router.routeOf('/'.repeat(100)).targets).toEqual([]);
  });

  it('says together what the subscriptions of a session say, and apart for what the client has published', () => {
    const off = { isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 } as const;
    const router = new SubscriptionRouter<string>();
    router.add('s', 'a/#', 2, { ...off, isNoLocal: true, identifier: 1 });
    router.add('s', 'a/+', 1, { ...off, isRetainAsPublished: true, identifier: 2 });
    router.add('s', '#', 0);
    router.add('alone', 'a/b', 1, { ...off, isNoLocal: true, identifier: undefined });
    const { targets } = router.routeOf('a/b');
    expect(targets.find(({ session }) => session === 's')).toMatchObject({
      qos: 2,
      isRetainAsPublished: true,
      identifiers: expect.toSatisfy((all: number[]) => all.toSorted().join() === '1,2'),
      own: { qos: 1, isRetainAsPublished: true, identifiers: [2] },
    });
    expect(targets.find(({ session }) => session === 'alone')).toMatchObject({
      hasNoLocal: true,
      own: undefined,
    });
  });
});
