import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import type { QoS } from '../../src/broker/protocol/packets.js';
import { MqttJsClient } from '../support/real-clients/mqtt-js-client.js';
import { REAL_BROKERS, type StartedBroker } from '../support/real-clients/real-brokers.js';
import type { ClientMessage, RealClientOptions } from '../support/real-clients/real-client.js';
import { realClientKinds } from '../support/real-clients/real-client-kinds.js';

const KINDS = requireServer('mosquitto') ? realClientKinds() : [];
const QOS: readonly QoS[] = [0, 1, 2];

describe.skipIf(KINDS.length === 0).each(REAL_BROKERS)(
  'what clients expect of a broker: $name',
  ({ start }) => {
    let broker: StartedBroker;
    let names = 0;
    beforeAll(async () => {
      broker = await start();
    });
    afterAll(() => broker.stop());

    /** A client id, and the topics of one test. */
    const newName = () => `client-${process.pid}-${++names}`;
    const watcher = async (filter: string) => {
      const client = new MqttJsClient();
      await client.connect({ ...broker.user, port: broker.ports.tcp, clientId: newName() });
      expect(await client.subscribe(filter, 2)).toBe(2);
      return client;
    };

    describe.each(KINDS)('$name', ({ name, make }) => {
      const optionsOf = (clientId: string, further: Partial<RealClientOptions> = {}): RealClientOptions => ({
        ...broker.user,
        port: name.endsWith('WebSocket') ? broker.ports.ws : broker.ports.tcp,
        clientId,
        ...further,
      });

      it('publishes and receives at QoS 0, 1 and 2, with a keep alive of an hour', async () => {
        const id = newName();
        const client = make();
        await client.connect(optionsOf(id, { keepAliveSeconds: 3600 }));
        for (const qos of QOS) {
          const message: ClientMessage = {
            topic: `home/${id}/${qos}`,
            payload: `{"t":${qos}}`,
            qos,
            isRetained: false,
          };
          expect(await client.subscribe(message.topic, qos)).toBe(qos);
          await client.publish(message);
          expect(await client.next()).toEqual(message);
        }
        await client.disconnect();
      });

      it('receives the retained message of a topic until it is removed', async () => {
        const id = newName();
        const client = make();
        await client.connect(optionsOf(id));
        const retained: ClientMessage = {
          topic: `home/${id}/state`,
          payload: '{"on":true}',
          qos: 1,
          isRetained: true,
        };
        await client.publish(retained);
        await client.subscribe(retained.topic, 1);
        expect(await client.next()).toEqual(retained);
        await client.publish({ ...retained, payload: '' });
        // Its subscription was there first: it is told as it happens [MQTT-3.3.1-9].
        expect(await client.next()).toEqual({ ...retained, payload: '', isRetained: false });
        await client.subscribe(retained.topic, 1);
        await client.publish({ ...retained, payload: 'next', isRetained: false });
        expect(await client.next()).toEqual({ ...retained, payload: 'next', isRetained: false });
        await client.disconnect();
      });

      it('leaves a retained will when it is cut, and none when it disconnects', async () => {
        const id = newName();
        const will: ClientMessage = {
          topic: `home/${id}/status`,
          payload: 'offline',
          qos: 1,
          isRetained: true,
        };
        const watching = await watcher(`home/${id}/#`);
        const client = make();
        await client.connect(optionsOf(id, { will }));
        await client.subscribe('home/nothing', 0);
        await client.disconnect();
        await client.connect(optionsOf(id, { will }));
        await client.subscribe('home/nothing', 0);
        const online = { ...will, payload: 'online' };
        await client.publish(online);
        expect(await watching.next()).toEqual({ ...online, isRetained: false });
        await client.cut();
        expect(await watching.next()).toEqual({ ...will, isRetained: false });
        expect(await (await watcher(`home/${id}/#`)).next()).toEqual(will);
      });

      it('finds in its session what was published while it was away', async () => {
        const id = newName();
        const message = (payload: string, qos: QoS): ClientMessage => ({
          topic: `home/${id}/command`,
          payload,
          qos,
          isRetained: false,
        });
        const publisher = await watcher('home/nothing');
        const client = make();
        const options = optionsOf(id, { isCleanSession: false });
        expect(await client.connect(options)).not.toBe(true);
        expect(await client.subscribe(`home/${id}/+`, 2)).toBe(2);
        await client.disconnect();
        await publisher.publish(message('first', 1));
        await publisher.publish(message('second', 2));
        expect(await client.connect(options)).not.toBe(false);
        expect(await client.next()).toEqual(message('first', 1));
        expect(await client.next()).toEqual(message('second', 2));
        await client.cut();
        await publisher.publish(message('third', 1));
        expect(await client.connect(options)).not.toBe(false);
        expect(await client.next()).toEqual(message('third', 1));
        await client.disconnect();
        expect(await client.connect(optionsOf(id))).not.toBe(true);
        await client.disconnect();
      });
    });
  },
);
