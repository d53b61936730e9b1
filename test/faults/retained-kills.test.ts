import mqtt, { type MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { tempDirectory } from '../support/temp-directory.js';

const CONFIG = `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: false
sink: { influx: { url: "http://127.0.0.1:9", database: none } }
`;
const CLIENTS = 6;
const TOPICS_OF_CLIENT = 40;
const ROUNDS = 4;

/** What a topic may have after the kill: what was acknowledged last, and what was sent after it. An empty text: nothing. */
interface Possible {
  acknowledged: string;
  sent: string[];
}

async function connect(port: number, options: mqtt.IClientOptions = {}): Promise<MqttClient> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, ...options });
  client.on('error', () => undefined);
  onTestFinished(() => client.endAsync(true).then(() => undefined));
  return client;
}

/** Sets and clears retained messages until the connection is gone, a few at a time. */
async function load(
  client: MqttClient,
  own: Map<string, Possible>,
  onAcknowledged: () => void,
): Promise<void> {
  const topics = [...own.keys()];
  let isGone = false;
  client.on('close', () => {
    isGone = true;
  });
  let number = 0;
  const publishOne = async (first: number) => {
    for (let at = first; !isGone; at += 5) {
      const topic = topics[at % topics.length]!;
      const possible = own.get(topic)!;
      number += 1;
      const payload =
        number % 5 === 0 ? '' : `${client.options.clientId} ${number} ${'x'.repeat(number % 300)}`;
      possible.sent.push(payload);
      try {
        await client.publishAsync(topic, payload, { qos: 1, retain: true });
      } catch {
        return;
      }
      possible.acknowledged = payload;
      possible.sent = possible.sent.slice(possible.sent.indexOf(payload) + 1);
      onAcknowledged();
    }
  };
  // The loops have different topics at any time, so that the order of a topic is known.
  await Promise.all([0, 1, 2, 3, 4].map(publishOne));
}

/** Every message that is retained below `retained/`. */
async function retainedIn(client: MqttClient, isComplete: (found: Map<string, string>) => boolean) {
  const found = new Map<string, string>();
  const complete = new Promise<void>((resolve, reject) => {
    client.on('message', (topic, payload, { retain }) => {
      if (!retain || found.has(topic)) reject(new Error(`${topic} came twice, or without the retain flag`));
      found.set(topic, payload.toString());
      if (isComplete(found)) resolve();
    });
  });
  await client.subscribeAsync('retained/#', { qos: 1 });
  await complete;
  return found;
}

describe('retained messages and SIGKILL', () => {
  it('every change whose PUBACK has arrived is there, round after round', { timeout: 120_000 }, async () => {
    const gateway = new GatewayProcess({ directory: tempDirectory(), config: CONFIG });
    onTestFinished(() => gateway.end());
    const all = Array.from({ length: CLIENTS }, (_, client) => {
      const topics = Array.from({ length: TOPICS_OF_CLIENT }, (_, n) => `retained/${client}/${n}`);
      return new Map(topics.map((topic): [string, Possible] => [topic, { acknowledged: '', sent: [] }]));
    });
    let acknowledged = 0;
    for (let round = 0; round <= ROUNDS; round += 1) {
      await gateway.start();
      const reader = await connect(gateway.mqttPort);
      // It is the last topic that is retained: those before it have arrived.
      const marker = await connect(gateway.mqttPort);
      await marker.publishAsync('retained/~end', `round ${round}`, { qos: 1, retain: true });
      const expected = all.flatMap((own) => [...own]);
      const certain = expected.filter(
        ([, { acknowledged: value, sent }]) => value !== '' && !sent.includes(''),
      );
      const found = await retainedIn(
        reader,
        (now) => now.has('retained/~end') && certain.every(([topic]) => now.has(topic)),
      );
      for (const [topic, possible] of expected) {
        const value = found.get(topic) ?? '';
        expect([possible.acknowledged, ...possible.sent], `${topic} in round ${round}`).toContain(value);
        possible.acknowledged = value;
        possible.sent = [];
      }
      expect(gateway.output).not.toContain('JOURNAL_DAMAGED');
      if (round === ROUNDS) break;
      const target = acknowledged + 1500 + 700 * round;
      const reached = new Promise<void>((resolve) => {
        for (const [number, own] of all.entries()) {
          void connect(gateway.mqttPort, { clientId: `client-${round}-${number}` }).then((client) =>
            load(client, own, () => {
              acknowledged += 1;
              if (acknowledged >= target) resolve();
            }),
          );
        }
      });
      await reached;
      await gateway.kill();
    }
    expect(await gateway.stop()).toBe(0);
  });

  it('a retained will is there, too', { timeout: 60_000 }, async () => {
    const gateway = new GatewayProcess({ directory: tempDirectory(), config: CONFIG });
    onTestFinished(() => gateway.end());
    await gateway.start();
    const will = {
      topic: 'retained/device/LWT',
      payload: Buffer.from('Offline'),
      qos: 1,
      retain: true,
    } as const;
    const device = await connect(gateway.mqttPort, { will });
    await device.publishAsync(will.topic, 'Online', { qos: 1, retain: true });
    const observer = await connect(gateway.mqttPort);
    const offline = new Promise<void>((resolve) => {
      observer.on('message', (_, payload) => {
        if (payload.toString() === 'Offline') resolve();
      });
    });
    await observer.subscribeAsync('retained/#', { qos: 0 });
    device.stream.destroy();
    await offline;
    // Commits keep the order: when this is stored, so is the will.
    await observer.publishAsync('other', 'x', { qos: 1 });
    await gateway.kill();
    await gateway.start();
    const reader = await connect(gateway.mqttPort);
    const found = await retainedIn(reader, (now) => now.has(will.topic));
    expect(found.get(will.topic)).toBe('Offline');
    expect(await gateway.stop()).toBe(0);
  });
});
