import mqtt from 'mqtt';
import type { Credentials } from './seed-frames.js';

const TOPIC = 'good/device/t';

/**
 * SteadyPair is two clients that do nothing wrong, beside those that do: one publishes with QoS 1 and a topic alias of MQTT 5 and
 * must get every PUBACK, the other speaks MQTT 3.1.1 and must get every message. Both must keep their connection.
 */
export class SteadyPair {
  readonly #publisher: mqtt.MqttClient;
  readonly #subscriber: mqtt.MqttClient;
  readonly #received: number[] = [];
  readonly #faults: string[] = [];
  readonly #waiting = new Set<() => void>();
  #published = 0;
  #onReceived: () => void = () => undefined;

  private constructor(publisher: mqtt.MqttClient, subscriber: mqtt.MqttClient) {
    this.#publisher = publisher;
    this.#subscriber = subscriber;
    for (const [name, client] of Object.entries({ publisher, subscriber })) {
      client.on('close', () => this.#fail(`the steady ${name} has lost its connection`));
      client.on('error', (error) => this.#fail(`the steady ${name}: ${error.message}`));
    }
    subscriber.on('message', (_topic, payload) => {
      this.#received.push(Number(payload));
      this.#onReceived();
    });
  }

  static async connect(url: string, credentials: Credentials | undefined): Promise<SteadyPair> {
    const options = { reconnectPeriod: 0, ...credentials };
    const publisher = await mqtt.connectAsync(url, {
      ...options,
      clientId: 'good',
      protocolVersion: 5,
      autoAssignTopicAlias: true,
    });
    const subscriber = await mqtt.connectAsync(url, { ...options, clientId: 'good-observer' });
    const [granted] = await subscriber.subscribeAsync(TOPIC, { qos: 1 });
    if (granted?.qos !== 1) throw new Error(`the steady subscriber was granted ${granted?.qos}`);
    return new SteadyPair(publisher, subscriber);
  }

  /** How many messages it has published, each of which holds its number. */
  get published(): number {
    return this.#published;
  }

  /** Resolves with the PUBACK, or when it cannot come any more. */
  publish(): Promise<void> {
    const number = this.#published;
    this.#published += 1;
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      this.#publisher.publish(TOPIC, String(number), { qos: 1 }, (error) => {
        if (error instanceof Error) this.#fail(`message ${number}: ${error.message}`);
        this.#waiting.delete(resolve);
        resolve();
      });
      if (this.#faults.length > 0) resolve();
    });
  }

  /** Resolves when the subscriber has all messages, and ends both. What went wrong is returned. */
  async end(): Promise<readonly string[]> {
    await new Promise<void>((resolve) => {
      this.#onReceived = () => {
        if (this.#faults.length > 0 || this.#received.length >= this.#published) resolve();
      };
      this.#onReceived();
    });
    const faults = [...this.#faults];
    const wrong = this.#received.findIndex((number, i) => number !== i);
    if (wrong !== -1) faults.push(`delivery ${wrong} was message ${this.#received[wrong]}`);
    if (this.#received.length !== this.#published) {
      faults.push(`${this.#received.length} of ${this.#published} messages delivered`);
    }
    await Promise.all([this.#publisher.endAsync(true), this.#subscriber.endAsync(true)]);
    return faults;
  }

  #fail(fault: string): void {
    this.#faults.push(fault);
    this.#onReceived();
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
