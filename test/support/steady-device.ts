import mqtt, { type MqttClient } from 'mqtt';

const EVERY_MS = 100;

/** A device that publishes ten readings a second for FLEET_RULE and connects again whenever it has to. */
export class SteadyDevice {
  readonly #client: MqttClient;
  readonly #timer: NodeJS.Timeout;
  #isSilent = false;
  #isWaiting = false;
  #seq = 0;

  constructor(port: number) {
    this.#client = mqtt.connect({ host: '127.0.0.1', port, reconnectPeriod: 200, queueQoSZero: false });
    // Its gateway is killed under it: the next try is all there is to do.
    this.#client.on('error', () => undefined);
    this.#timer = setInterval(() => this.#publishReading(), EVERY_MS);
  }

  silence(): void {
    this.#isSilent = true;
  }

  resume(): void {
    this.#isSilent = false;
  }

  /** QoS 0, so that it goes on where a PUBACK would be waited for. `bytes` of padding. */
  burst(readings: number, bytes = 0): void {
    for (let i = 0; i < readings; i++) this.#client.publish(this.#topic, this.#payload(bytes), { qos: 0 });
  }

  async publish(topic: string, payload: string): Promise<void> {
    await this.#client.publishAsync(topic, payload, { qos: 1 });
  }

  /** What no rule takes. */
  async publishRubbish(count: number, bytes: number): Promise<void> {
    const rubbish = 'rubbish '.repeat(bytes / 8);
    for (let i = 0; i < count; i++) await this.publish(this.#topic, rubbish);
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#client.endAsync(true);
  }

  #publishReading(): void {
    if (this.#isSilent || this.#isWaiting || !this.#client.connected) return;
    this.#isWaiting = true;
    this.#client.publish(this.#topic, this.#payload(0), { qos: 1 }, () => {
      this.#isWaiting = false;
    });
  }

  readonly #topic = 'fleet/dev0/telemetry';

  #payload(bytes: number): string {
    this.#seq += 1;
    return JSON.stringify({
      timestamp: Date.now(),
      seq: this.#seq,
      temperature: 20.5,
      note: 'x'.repeat(bytes),
    });
  }
}
