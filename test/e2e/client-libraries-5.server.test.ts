import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { runProgram } from '../../harness/programs.js';
import { requireServer } from '../../harness/servers.js';
import { type QoS, REASON_CODES } from '../../src/broker/protocol/packets.js';
import { HAS_OPENSSL } from '../support/openssl-ca.js';
import { MqttJsClient } from '../support/real-clients/mqtt-js-client.js';
import type { ClientMessage, RealClientOptions, Transport } from '../support/real-clients/real-client.js';
import { type Version5Kind, version5Kinds } from '../support/real-clients/real-client-kinds.js';
import {
  MAX_PACKET_BYTES,
  SECURED_BROKERS,
  type StartedSecuredBroker,
} from '../support/real-clients/secured-brokers.js';

const KINDS = requireServer('mosquitto') && HAS_OPENSSL ? version5Kinds() : [];
const QOS: readonly QoS[] = [0, 1, 2];
const PROPERTIES = {
  contentType: 'application/json',
  userProperties: { site: 'oslo', unit: '°C' },
} as const;

/** The reason code that the client shows of an acknowledgement; undefined where it shows none. */
function shown({ showsReasonsOf }: Version5Kind, qos: QoS, reason: number): number | undefined {
  const isShown = qos > 0 && showsReasonsOf.includes(qos === 1 ? 'PUBACK' : 'PUBREC');
  return isShown ? reason : undefined;
}

describe.skipIf(KINDS.length === 0).each(SECURED_BROKERS)(
  'what clients of MQTT 5 expect of a broker: $name',
  ({ name: brokerName, start }) => {
    let broker: StartedSecuredBroker;
    let names = 0;
    beforeAll(async () => {
      broker = await start();
    });
    afterAll(() => broker.stop());

    /** A client id, and the topics of one test. */
    const newName = () => `client-${process.pid}-${++names}`;
    const optionsOf = (
      clientId: string,
      further: Partial<RealClientOptions> = {},
      transport: Transport = 'tcp',
    ): RealClientOptions => ({
      ...broker.user,
      version: 5,
      port: broker.ports[transport],
      ...(transport === 'tls' || transport === 'wss' ? { caFile: broker.caFile } : {}),
      clientId,
      ...further,
    });
    const watcher = async (filter: string) => {
      const client = new MqttJsClient();
      await client.connect(optionsOf(newName()));
      expect(await client.subscribe(filter, 2)).toBe(2);
      return client;
    };
    const message = (topic: string, payload: string, qos: QoS): ClientMessage => ({
      topic,
      payload,
      qos,
      isRetained: false,
    });

    describe.each(KINDS)('$name', (kind) => {
      it.each(kind.transports)('over %s publishes and receives with properties', async (transport) => {
        const id = newName();
        const client = kind.make(transport);
        await client.connect(optionsOf(id, { keepAliveSeconds: 3600 }, transport));
        for (const qos of QOS) {
          const sent = { ...message(`home/${id}/${qos}`, `{"t":${qos}}`, qos), properties: PROPERTIES };
          expect(await client.subscribe(sent.topic, qos)).toBe(qos);
          expect(await client.publish(sent)).toBe(shown(kind, qos, 0));
          expect(await client.next()).toEqual(sent);
        }
        const retained = {
          ...message(`home/${id}/state`, '{"on":true}', 1),
          isRetained: true,
          properties: PROPERTIES,
        };
        await client.publish(retained);
        await client.subscribe(retained.topic, 1);
        expect(await client.next()).toEqual(retained);
        expect(await client.subscribe('private/topic', 1)).toBe(
          brokerName.startsWith('Mosquitto') ? 1 : REASON_CODES.notAuthorized,
        );
        await client.disconnect();
      });

      it('finds in its session what was published while it was away, for as long as it has asked for', async () => {
        const id = newName();
        const topic = `home/${id}/command`;
        const publisher = await watcher('home/nothing');
        const client = kind.make('tcp');
        const options = optionsOf(id, { isCleanSession: false, sessionExpirySeconds: 300 });
        expect(await client.connect(options)).not.toBe(true);
        expect(await client.subscribe(`home/${id}/+`, 2)).toBe(2);
        await client.disconnect();
        await publisher.publish({ ...message(topic, 'first', 1), properties: PROPERTIES });
        await publisher.publish(message(topic, 'second', 2));
        expect(await client.connect(options)).not.toBe(false);
        expect(await client.next()).toEqual({ ...message(topic, 'first', 1), properties: PROPERTIES });
        expect(await client.next()).toEqual(message(topic, 'second', 2));
        await client.cut();
        await publisher.publish(message(topic, 'third', 1));
        expect(await client.connect({ ...options, sessionExpirySeconds: 0 })).not.toBe(false);
        expect(await client.next()).toEqual(message(topic, 'third', 1));
        await client.disconnect();
        expect(await client.connect(options)).not.toBe(true);
        await client.disconnect();
      });

      it('leaves a will after its delay, and none when it is back before', async () => {
        const id = newName();
        const will = {
          ...message(`home/${id}/status`, 'offline', 1),
          properties: PROPERTIES,
          delaySeconds: 3600,
        };
        const { delaySeconds: _, ...delivered } = will;
        const watching = await watcher(`home/${id}/#`);
        const client = kind.make('tcp');
        const options = optionsOf(id, { isCleanSession: false, sessionExpirySeconds: 3600, will });
        await client.connect(options);
        await client.subscribe('home/nothing', 0);
        await client.cut();
        await client.connect({ ...options, will: { ...will, delaySeconds: 1 } });
        await client.publish(message(`home/${id}/status`, 'back', 1));
        expect(await watching.next()).toMatchObject({ payload: 'back' });
        await client.cut();
        expect(await watching.next()).toEqual(delivered);
      });

      it('is told that it may not publish, and stays connected', async () => {
        const id = newName();
        const client = kind.make('tcp');
        await client.connect(optionsOf(id));
        await client.subscribe(`home/${id}/#`, 1);
        for (const qos of QOS) {
          const denied = await client.publish(message(`private/${id}`, 'x', qos));
          expect(denied).toBe(shown(kind, qos, REASON_CODES.notAuthorized));
        }
        await client.publish(message(`home/${id}/t`, 'allowed', 1));
        expect(await client.next()).toMatchObject({ payload: 'allowed' });
        await client.disconnect();
      });

      it.skipIf(brokerName.startsWith('Mosquitto'))(
        'is told that a message is too large and stays connected, or does not send it',
        async () => {
          const id = newName();
          const client = kind.make('tcp');
          await client.connect(optionsOf(id));
          await client.subscribe(`home/${id}/#`, 1);
          for (const qos of QOS) {
            const sending = client.publish(message(`home/${id}/t`, 'x'.repeat(MAX_PACKET_BYTES), qos));
            // One that does not send it says nothing of it either.
            const reason = kind.boundsPackets ? REASON_CODES.success : REASON_CODES.quotaExceeded;
            expect(await sending).toBe(shown(kind, qos, reason));
          }
          await client.publish(message(`home/${id}/t`, 'small', 1));
          expect(await client.next()).toMatchObject({ payload: 'small' });
          await client.disconnect();
        },
      );

      it.skipIf(!kind.keepsConnection)('publishes with a topic alias', async () => {
        const id = newName();
        const topic = `home/${id}/t`;
        const client = kind.make('tcp');
        await client.connect(optionsOf(id));
        await client.subscribe(topic, 2);
        for (const qos of QOS) {
          await client.publish({ ...message(topic, 'with topic', qos), topicAlias: 7 });
          await client.publish({ ...message('', 'with alias', qos), topicAlias: 7 });
          expect(await client.next()).toEqual(message(topic, 'with topic', qos));
          expect(await client.next()).toEqual(message(topic, 'with alias', qos));
        }
        await client.disconnect();
      });

      it('takes one message after the other with a receive maximum of 1', async () => {
        const id = newName();
        const topic = `home/${id}/t`;
        const publisher = await watcher('home/nothing');
        const client = kind.make('tcp');
        await client.connect(optionsOf(id, { receiveMaximum: 1 }));
        await client.subscribe(topic, 2);
        const payloads = Array.from({ length: 20 }, (_, i) => String(i));
        await Promise.all(payloads.map((payload) => publisher.publish(message(topic, payload, 2))));
        for (const payload of payloads) expect(await client.next()).toEqual(message(topic, payload, 2));
        await client.disconnect();
      });
    });

    it('MQTT.js has all of a burst acknowledged, though it knows no receive maximum', async () => {
      const id = newName();
      const client = new MqttJsClient();
      await client.connect(optionsOf(id));
      const burst = Array.from({ length: 2000 }, () => client.publish(message(`home/${id}/t`, 'x', 1)));
      expect(new Set(await Promise.all(burst))).toEqual(new Set([0]));
      await client.disconnect();
    });

    it('MQTT.js gives topics aliases by itself, and others when it has used all', async () => {
      const id = newName();
      const watching = await watcher(`home/${id}/#`);
      const client = await mqtt.connectAsync(`mqtts://127.0.0.1:${broker.ports.tls}`, {
        protocolVersion: 5,
        reconnectPeriod: 0,
        clientId: id,
        ca: readFileSync(broker.caFile),
        username: broker.user.userName,
        password: broker.user.password,
        autoAssignTopicAlias: true,
      });
      onTestFinished(() => client.endAsync(true));
      const topics = Array.from({ length: 40 }, (_, i) => `home/${id}/${i}`);
      for (const topic of [...topics, ...topics]) {
        await client.publishAsync(topic, 'x', { qos: 1 });
        expect(await watching.next()).toMatchObject({ topic });
      }
    });

    it('mosquitto_pub repeats a message by its alias', async () => {
      const id = newName();
      const topic = `home/${id}/t`;
      const watching = await watcher(topic);
      const { userName, password } = broker.user;
      const { code, stderr } = await runProgram('mosquitto_pub', [
        ...['-V', '5', '-h', '127.0.0.1', '-p', String(broker.ports.tcp), '-i', id],
        ...(userName === undefined ? [] : ['-u', userName, '-P', password ?? '']),
        ...['-t', topic, '-m', 'x', '-q', '1', '--repeat', '3', '-D', 'PUBLISH', 'topic-alias', '3'],
      ]);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      for (let i = 0; i < 3; i += 1) expect(await watching.next()).toEqual(message(topic, 'x', 1));
    });
  },
);
