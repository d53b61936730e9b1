import { connect as connectTcp, type Socket } from 'node:net';
import mqttPacket from 'mqtt-packet';

/** Messages without an acknowledgement that it may have. */
const WINDOW = 50;

/**
 * A device that publishes numbered messages, QoS 1 and 2 by turns, until it is cut, and knows which ones the gateway has
 * taken over: those with PUBACK, or with PUBREC at QoS 2. It sends nothing twice.
 */
export class AcknowledgedLoad {
  /** The numbers of all messages that have been sent. */
  sent = 0;
  readonly acknowledged = new Set<number>();
  readonly #topic: string;
  #socket: Socket | undefined;
  #inFlight = new Map<number, number>();
  #changed: (() => void)[] = [];
  #isPaused = false;

  constructor(topic: string) {
    this.#topic = topic;
  }

  connect(port: number): void {
    const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
    const parser = mqttPacket.parser();
    this.#socket = socket;
    this.#inFlight = new Map();
    this.#isPaused = false;
    parser.on('packet', (packet) => {
      if (packet.cmd === 'pubrec')
        socket.write(mqttPacket.generate({ cmd: 'pubrel', messageId: packet.messageId }));
      if (packet.cmd === 'puback' || packet.cmd === 'pubrec') this.#answered(packet.messageId!);
      if (packet.cmd === 'connack' || this.#inFlight.size < WINDOW) this.#fill();
    });
    socket.on('data', (bytes) => parser.parse(bytes));
    socket.on('error', () => undefined);
    socket.write(
      mqttPacket.generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clientId: 'load',
        clean: true,
        keepalive: 0,
      }),
    );
  }

  /** Resolves when so many more messages have been acknowledged. */
  async more(count: number): Promise<void> {
    const goal = this.acknowledged.size + count;
    while (this.acknowledged.size < goal) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  /** Sends nothing more; resolves when everything is acknowledged. */
  async finish(): Promise<void> {
    this.#isPaused = true;
    while (this.#inFlight.size > 0) await new Promise<void>((resolve) => this.#changed.push(resolve));
    this.cut();
  }

  cut(): void {
    this.#isPaused = true;
    this.#socket?.destroy();
  }

  #answered(packetId: number): void {
    const number = this.#inFlight.get(packetId);
    if (number === undefined) return;
    this.#inFlight.delete(packetId);
    this.acknowledged.add(number);
    for (const changed of this.#changed.splice(0)) changed();
  }

  #fill(): void {
    const packets: Buffer[] = [];
    while (!this.#isPaused && this.#inFlight.size < WINDOW) {
      const number = this.sent;
      this.sent += 1;
      const messageId = (number % 65_535) + 1;
      this.#inFlight.set(messageId, number);
      packets.push(
        mqttPacket.generate({
          cmd: 'publish',
          topic: this.#topic,
          payload: `{"seq":${number}}`,
          qos: number % 2 === 0 ? 1 : 2,
          messageId,
          dup: false,
          retain: false,
        }),
      );
    }
    if (packets.length > 0) this.#socket!.write(Buffer.concat(packets));
  }
}
