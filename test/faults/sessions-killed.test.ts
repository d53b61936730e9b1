import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { AcknowledgedLoad } from '../support/acknowledged-load.js';
import { type ReceivedMessage, SessionSubscriber } from '../support/session-subscriber.js';
import { tempDirectory } from '../support/temp-directory.js';

/** A store that is never there: this is about the broker. */
const CONFIG = `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "http://127.0.0.1:9", database: none } }
`;

const TOPIC = 'load/device';
const KILLS = 3;
const MESSAGES_BETWEEN_KILLS = 600;

function numberOf({ payload }: ReceivedMessage): number {
  return (JSON.parse(payload) as { readonly seq: number }).seq;
}

/** What was received for the first time, in the order in which it came. */
function firstReceived(received: readonly ReceivedMessage[]): number[] {
  return [...new Set(received.map(numberOf))];
}

describe('durable sessions of a gateway that is killed under load', () => {
  // At QoS 1 alone nothing but the commit of the log makes what is owed durable before the PUBACK.
  it.each([
    ['QoS 1', [1]],
    ['QoS 1 and 2', [1, 2]],
  ] as const)(
    'at %s are owed everything that was acknowledged to its publisher, in order, once at QoS 2, and nothing else',
    {
      timeout: 180_000,
    },
    async (_what, levels) => {
      const gateway = new GatewayProcess({ directory: tempDirectory(), config: CONFIG });
      onTestFinished(() => gateway.end());
      await gateway.start();
      const connected = levels.map((qos) => new SessionSubscriber(`connected-${qos}`));
      const absent = levels.map((qos) => new SessionSubscriber(`absent-${qos}`));
      const all = [...connected, ...absent];
      onTestFinished(() => {
        for (const one of all) one.cut();
      });
      for (const one of all) {
        await one.connect(gateway.mqttPort);
        expect(one.isSessionPresent).toBe(false);
        await one.subscribe('load/#', one.clientId.endsWith('1') ? 1 : 2);
      }
      for (const one of absent) one.cut();
      const load = new AcknowledgedLoad(TOPIC);
      onTestFinished(() => load.cut());
      for (let kill = 0; kill < KILLS; kill += 1) {
        load.connect(gateway.mqttPort);
        await load.more(MESSAGES_BETWEEN_KILLS);
        await gateway.kill();
        load.cut();
        for (const one of all) one.cut();
        await gateway.start();
        for (const one of connected) {
          await one.connect(gateway.mqttPort);
          expect(one.isSessionPresent, one.clientId).toBe(true);
        }
        // Half-way the absent ones receive a part of what waits, and are cut by the next kill.
        if (kill !== 1) continue;
        for (const one of absent) {
          await one.connect(gateway.mqttPort);
          await one.until(() => one.received.length >= 50);
        }
      }
      load.connect(gateway.mqttPort);
      await load.more(MESSAGES_BETWEEN_KILLS);
      await load.finish();
      const last = Math.max(...load.acknowledged);
      for (const one of all) {
        one.cut();
        await one.connect(gateway.mqttPort);
        expect(one.isSessionPresent, one.clientId).toBe(true);
        await one.until(() => one.received.some((message) => numberOf(message) === last));
      }
      for (const { clientId, received } of all) {
        const numbers = firstReceived(received);
        const known = new Set(numbers);
        const missed = [...load.acknowledged].filter((number) => !known.has(number));
        expect(missed, `missed by ${clientId}`).toEqual([]);
        const invented = received.filter(
          (message) => message.topic !== TOPIC || numberOf(message) >= load.sent,
        );
        expect(invented, `never published, sent to ${clientId}`).toEqual([]);
        for (const qos of [1, 2]) {
          const ofQos = numbers.filter((number) => (number % 2 === 0 ? 1 : 2) === qos);
          expect(ofQos, `order at QoS ${qos} of ${clientId}`).toEqual([...ofQos].sort((a, b) => a - b));
        }
        const atQos2 = received.filter(({ qos }) => qos === 2).map(numberOf);
        if (clientId.endsWith('2')) expect(atQos2.length).toBeGreaterThan(MESSAGES_BETWEEN_KILLS);
        expect(atQos2.length, `twice at QoS 2 to ${clientId}`).toBe(new Set(atQos2).size);
      }
    },
  );
});
