import mqtt from 'mqtt';
import { onTestFinished } from 'vitest';
import type { QoS } from '../../../src/broker/protocol/packets.js';
import { type ClientMessage, Inbox, type RealClient, type RealClientOptions } from './real-client.js';

/** MQTT.js, which Node-RED and zigbee2mqtt use. */
export class MqttJsClient implements RealClient {
  readonly #protocol: 'mqtt' | 'ws';
  readonly #inbox = new Inbox();
  #client: mqtt.MqttClient | undefined;

  constructor(protocol: 'mqtt' | 'ws' = 'mqtt') {
    this.#protocol = protocol;
    onTestFinished(() => this.cut());
  }

  async connect(options: RealClientOptions): Promise<boolean | undefined> {
    const { will } = options;
    const client = mqtt.connect(`${this.#protocol}://127.0.0.1:${options.port}/mqtt`, {
      reconnectPeriod: 0,
      clientId: options.clientId,
      clean: options.isCleanSession ?? true,
      keepalive: options.keepAliveSeconds ?? 60,
      resubscribe: false,
      ...(options.userName === undefined ? {} : { username: options.userName, password: options.password }),
      ...(will === undefined
        ? {}
        : { will: { ...will, payload: Buffer.from(will.payload), retain: will.isRetained } }),
    });
    this.#client = client;
    client.on('message', (topic, payload, packet) => {
      this.#inbox.add({
        topic,
        payload: payload.toString('latin1'),
        qos: packet.qos,
        isRetained: packet.retain,
      });
    });
    return new Promise((resolve, reject) => {
      client.once('connect', ({ sessionPresent }) => resolve(sessionPresent));
      client.once('error', reject);
      client.once('close', () => reject(new Error('closed before CONNACK')));
    });
  }

  async subscribe(filter: string, qos: QoS): Promise<number> {
    const granted = await this.#connected.subscribeAsync(filter, { qos });
    return granted[0]?.qos ?? 128;
  }

  async publish({ topic, payload, qos, isRetained }: ClientMessage): Promise<void> {
    await this.#connected.publishAsync(topic, Buffer.from(payload, 'latin1'), { qos, retain: isRetained });
  }

  next(): Promise<ClientMessage> {
    return this.#inbox.next();
  }

  disconnect(): Promise<void> {
    return this.#connected.endAsync();
  }

  async cut(): Promise<void> {
    await this.#client?.endAsync(true);
  }

  get #connected(): mqtt.MqttClient {
    if (this.#client === undefined) throw new Error('not connected');
    return this.#client;
  }
}
