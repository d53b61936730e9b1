import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGrantRefusal } from '../../src/access/access.js';
import type { AccessRules } from '../../src/access/access-rules.js';
import { type AccessQuestion, decideAccess } from '../../src/access/decide-access.js';
import { RuledAccess } from '../../src/access/ruled-access.js';
import { parseAccess } from '../../src/config/access/load-access-file.js';
import { topicFilterFault, topicNameFault } from '../../src/lib/mqtt-names.js';
import { asked, HASH, isSameInOtherWords, MAX_PACKET_BYTES, name, rules, topic } from './access-questions.js';
import { matches, referenceDecision } from './matching-reference.js';

/** What the gates of the broker ask: the syntax, and then the grant. */
function brokerDecision(given: AccessRules, { user, clientId, action }: AccessQuestion): boolean {
  const access = new RuledAccess(given, {
    signIn: () => ({ kind: 'refused', reason: 'credential-wrong', detail: '' }),
  });
  const identity = { user, method: 'token' as const, roles: [], secretHash: HASH };
  const grant = access.grantOf(identity, { clientId, remoteAddress: '192.0.2.1' });
  if (isGrantRefusal(grant)) return false;
  if (action.kind === 'publish')
    return topicNameFault(action.topic) === undefined && grant.mayPublish(action.topic);
  return topicFilterFault(action.filter) === undefined && grant.maySubscribe(action.filter);
}

const RUNS = { numRuns: 3_000 };

describe('what `sluice check --as` decides [access 12]', () => {
  it('is what the broker decides, and what the specification says [access 1] [access 2]', () => {
    fc.assert(
      fc.property(asked, ([given, question]) => {
        fc.pre(!isSameInOtherWords(given, question));
        const expected = referenceDecision(given, question);
        expect(brokerDecision(given, question)).toBe(expected);
        expect(decideAccess(given, question).isAllowed).toBe(expected);
      }),
      RUNS,
    );
  });

  it('is asked in cases that are allowed, too', () => {
    const sampled = fc.sample(asked, { numRuns: 3_000, seed: 1 });
    const allowed = sampled.filter(([given, question]) => brokerDecision(given, question));
    expect(allowed.length).toBeGreaterThan(150);
    expect(new Set(allowed.map(([, { action }]) => action.kind)).size).toBe(2);
  });

  it('lets nobody receive what does not match his permissions, whatever he has subscribed to [access 2]', () => {
    fc.assert(
      fc.property(rules, name, name, topic, (given, user, clientId, levels) => {
        const access = new RuledAccess(given, {
          signIn: () => ({ kind: 'refused', reason: 'credential-wrong', detail: '' }),
        });
        const identity = { user, method: 'token' as const, roles: [], secretHash: HASH };
        const grant = access.grantOf(identity, { clientId, remoteAddress: '192.0.2.1' });
        fc.pre(!isGrantRefusal(grant));
        if (isGrantRefusal(grant)) return;
        const text = levels.join('/');
        const permission = [...given.roles.values()]
          .flatMap(({ subscribe }) => subscribe)
          .map(({ filter }) => filter.replaceAll('{user}', user).replaceAll('{client}', clientId))
          .some((filter) => matches(filter, text));
        if (grant.mayReceive(text)) expect(permission).toBe(true);
        // Asked again it comes out of the cache.
        expect(grant.mayReceive(text)).toBe(grant.mayReceive(text));
      }),
      RUNS,
    );
  });
});

const FILE = `users:
  meter-17: { token: "${HASH}", roles: [device] }
  old: { token: "${HASH}", roles: [device], disabled: true }
  nodered: { token: "${HASH}", roles: [viewer, home], clientId: "nodered-+" }
  "a/b": { token: "${HASH}", roles: [device-any] }
  idle: { token: "${HASH}" }
  nobody: { roles: [viewer] }
roles:
  device: { clientId: "{user}", publish: ["sensors/+/{user}/#"] }
  device-any: { publish: ["x/{user}"] }
  viewer: { subscribe: ["sensors/#"] }
  home:
    clientId: nodered-home
    subscribe:
      - home/#
`;

function decide(user: string, clientId: string, action: AccessQuestion['action'], text = FILE) {
  const parsed = parseAccess(text, '/access.yaml', 'access.yaml');
  if (!parsed.ok) throw new Error('the file of the test is wrong');
  return decideAccess(parsed.rules, { user, clientId, action, maxPacketBytes: MAX_PACKET_BYTES });
}

const publish = (onTopic: string) => ({ kind: 'publish', topic: onTopic }) as const;
const subscribe = (filter: string) => ({ kind: 'subscribe', filter }) as const;

describe('the explanation', () => {
  it('names the line that allows it', () => {
    expect(decide('meter-17', 'meter-17', publish('sensors/hall/meter-17/t'))).toEqual({
      isAllowed: true,
      reason: 'access.yaml:9: roles.device.publish[0] sensors/+/{user}/#',
      others: [],
    });
    expect(decide('nodered', 'nodered-home', subscribe('home/+/x')).reason).toBe(
      'access.yaml:15: roles.home.subscribe[0] home/#',
    );
  });

  it.each([
    [
      'an unknown user',
      decide('meter-71', 'meter-71', publish('a')),
      'access.yaml has no user "meter-71"; did you mean "meter-17"?',
    ],
    [
      'a user that is disabled',
      decide('old', 'old', publish('sensors/a/old/t')),
      'access.yaml:3: users.old.disabled: the user is disabled',
    ],
    [
      'a client id that the user may not have',
      decide('nodered', 'x', subscribe('sensors/#')),
      'access.yaml:4: users.nodered.clientId nodered-+ does not fit the client id "x"',
    ],
    ['a user without roles', decide('idle', 'idle', publish('a')), 'the user "idle" has no role'],
    [
      'a user that cannot sign in',
      decide('nobody', 'nobody', subscribe('sensors/#')),
      'access.yaml:7: users.nobody has no token and no password',
    ],
    [
      'nothing of the kind',
      decide('nodered', 'nodered-1', publish('a')),
      'the user "nodered" may publish on nothing',
    ],
    [
      'a topic with a wildcard',
      decide('meter-17', 'meter-17', publish('sensors/+/meter-17')),
      'the broker refuses this for everybody: wildcard in a topic name',
    ],
    [
      'a malformed filter',
      decide('nodered', 'nodered-1', subscribe('sensors#')),
      'the broker refuses this for everybody: wildcard not alone in its level, or # not last',
    ],
    [
      'a filter of the broker',
      decide('nodered', 'nodered-1', subscribe('$SYS/broker/load/#')),
      'the broker refuses this for everybody: filter reserved for the broker: of its topics clients may use only $SYS/broker/connection/…',
    ],
    [
      'a filter that is too deep',
      decide('nodered', 'nodered-1', subscribe('a/'.repeat(200))),
      'the broker refuses this for everybody: filter with too many levels',
    ],
    [
      'a client id that is too long',
      decide('meter-17', 'x'.repeat(200), publish('a')),
      'the broker refuses this for everybody: client id too long or with control characters',
    ],
    [
      'no client id',
      decide('meter-17', '', publish('a')),
      'the broker refuses this for everybody: no client id',
    ],
  ])('of a denial for %s', (_, { isAllowed, reason }, expected) => {
    expect({ isAllowed, reason }).toEqual({ isAllowed: false, reason: expected });
  });

  it('of a denial lists what the user has, and why it does not count', () => {
    expect(decide('meter-17', 'x', publish('a'))).toEqual({
      isAllowed: false,
      reason: 'the client id "x" fits no role of the user',
      others: ['access.yaml:9: roles.device.clientId {user}'],
    });
    expect(decide('nodered', 'nodered-1', subscribe('home/#'))).toEqual({
      isAllowed: false,
      reason: 'the user "nodered" may not subscribe to "home/#"',
      others: [
        'access.yaml:11: roles.viewer.subscribe[0] sensors/#',
        'access.yaml:15: roles.home.subscribe[0] home/# (only for client ids nodered-home)',
      ],
    });
    expect(decide('a/b', 'x', publish('x/a/b')).others).toEqual([
      'access.yaml:10: roles.device-any.publish[0] x/{user} (a name with /, +, # or $ cannot be a level)',
    ]);
  });

  it('says by which sign-in a user that the file does not list would be allowed', () => {
    const text =
      'jwt: { jwks: j, algorithms: ES256, roles: [a] }\nmtls: { roles: [b] }\nroles: { a: { publish: a }, b: { publish: b } }\n';
    expect(decide('new', 'new', publish('a'), text).reason).toBe(
      'access.yaml:3: roles.a.publish[0] a (signed in with a JWT)',
    );
    expect(decide('new', 'new', publish('b'), text).reason).toBe(
      'access.yaml:3: roles.b.publish[0] b (signed in with a certificate)',
    );
    expect(decide('new', 'new', publish('c'), text).isAllowed).toBe(false);
  });
});
