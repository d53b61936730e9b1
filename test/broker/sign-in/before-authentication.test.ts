import type { Client, PublishPacket } from 'aedes';
import { describe, expect, it } from 'vitest';
import { OpenAccess } from '../../../src/access/open-access.js';
import { DenialDelays } from '../../../src/broker/sign-in/denial-delays.js';
import type { Observers } from '../../../src/broker/observers.js';
import { OpenHandshakes } from '../../../src/broker/open-handshakes.js';
import { PublishGate } from '../../../src/broker/publish-gate.js';
import { Refusals } from '../../../src/broker/refusals.js';
import { createSession, type SessionParts, Sessions } from '../../../src/broker/session.js';
import { SessionGrants } from '../../../src/broker/sign-in/session-grants.js';
import { SubscribeGate } from '../../../src/broker/subscribe-gate.js';
import { HeldIntake } from '../../support/broker-fixture.js';
import { SetClock } from '../../support/clock.js';

/** Gates with a client whose CONNECT is not answered, as aedes calls them when a packet overtakes the answer. */
function gates() {
  const refusals = new Refusals({ warn: () => undefined, clock: new SetClock() });
  const sessions = new Sessions(refusals);
  const grants = new SessionGrants(new OpenAccess(), sessions);
  const client = { conn: { destroy: () => undefined } } as unknown as Client;
  sessions.opened(client, createSession({ remoteAddress: '127.0.0.1' } as SessionParts));
  const intake = new HeldIntake();
  const publishGate = new PublishGate({
    intake,
    sessions,
    grants,
    handshakes: new OpenHandshakes(),
    denials: new DenialDelays(new SetClock()),
  });
  const observers: Client[] = [];
  const counting = { add: (added: Client) => observers.push(added) } as unknown as Observers;
  return {
    client,
    intake,
    observers,
    publishGate,
    subscribeGate: new SubscribeGate(sessions, grants, counting),
    notAuthenticated: () => refusals.counts()['not-authenticated'],
  };
}

describe('a packet that reaches a gate before CONNECT is answered [security 9]', () => {
  it.each([
    ['of the client', false],
    ['of nobody', true],
  ])('is refused and counted: PUBLISH %s', (_what, isNobody) => {
    const { client, publishGate, intake, notAuthenticated } = gates();
    const answers: unknown[] = [];
    const packet = { cmd: 'publish', topic: 'a', qos: 1, messageId: 1, payload: Buffer.alloc(0) };
    publishGate.authorizePublish(isNobody ? null : client, packet as PublishPacket, (error) =>
      answers.push(error),
    );
    expect(answers).toEqual([expect.any(Error)]);
    expect([intake.accepted, notAuthenticated()]).toEqual([[], 1]);
  });

  it('is refused and counted: SUBSCRIBE', () => {
    const { client, subscribeGate, observers, notAuthenticated } = gates();
    const answers: unknown[] = [];
    subscribeGate.authorizeSubscribe(client, { topic: 'a', qos: 0 }, (...answer) => answers.push(answer));
    expect(answers).toEqual([[expect.any(Error)]]);
    expect([observers, notAuthenticated()]).toEqual([[], 1]);
  });
});
