import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type AccessQuestion, decideAccess } from '../../../src/access/decide-access.js';
import { RuledAccess } from '../../../src/access/ruled-access.js';
import { asked } from '../../access/access-questions.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { CONNECT, publish, rawClient } from '../../support/raw-client.js';
import { FakeAuthenticator } from '../../support/ruled-access.js';

class StoringIntake extends HeldIntake {
  override accept(...[packet, stored]: Parameters<HeldIntake['accept']>): 'taken' | 'shed' {
    setImmediate(stored);
    return super.accept(packet, () => undefined);
  }
}

/** Whether a client over TCP gets what it asks for. */
async function isServed(port: number, { user, clientId, action }: AccessQuestion): Promise<boolean> {
  const client = await rawClient(port);
  const answered = (cmd: string) => Promise.race([client.received(cmd), client.closed()]);
  const answer = (cmd: string) => client.packets.find((packet) => packet.cmd === cmd);
  client.send({ ...CONNECT, clientId, username: user, password: Buffer.from('token') });
  await answered('connack');
  const connack = answer('connack');
  if (connack?.cmd !== 'connack' || connack.returnCode !== 0) return false;
  if (action.kind === 'publish') {
    client.send(publish({ topic: action.topic, messageId: 1 }));
    await answered('puback');
    return answer('puback') !== undefined;
  }
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: action.filter, qos: 0 }] });
  await answered('suback');
  const suback = answer('suback');
  return suback?.cmd === 'suback' && suback.granted[0] !== 128;
}

it('`sluice check --as` says what a client of the broker then gets [access 12] [security 10]', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(asked, async ([rules, question]) => {
      const { action } = question;
      fc.pre((action.kind === 'publish' ? action.topic : action.filter) !== '');
      const access = new RuledAccess(rules, new FakeAuthenticator());
      // A new one each time: it makes users wait that were denied before.
      const intake = new StoringIntake();
      const { broker } = await startBroker(intake, {}, { access });
      const isAllowed = await isServed(broker.listeners[0]!.port, question);
      expect(isAllowed).toBe(decideAccess(rules, question).isAllowed);
      expect(intake.accepted).toHaveLength(isAllowed && action.kind === 'publish' ? 1 : 0);
    }),
    { numRuns: 150 },
  );
});
