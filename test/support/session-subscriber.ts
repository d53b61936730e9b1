import { connect as connectTcp, type Socket } from 'node:net';
import mqttPacket from 'mqtt-packet';

export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
}

/**
 * A subscriber with clean session 0 that answers at once, and remembers the packet ids of QoS 2 as the specification
 * wants it: also when its connection or the gateway ends meanwhile.
 */
export class SessionSubscriber {
  readonly clientId: string;
  readonly received: ReceivedMessage[] = [];
  isSessionPresent: boolean | undefined;
  readonly #incoming = new Set<number>();
  #socket: Socket | undefined;
  #changed: (() => void)[] = [];
  #granted: readonly unknown[] | undefined;

  constructor(clientId: string) {
    this.clientId = clientId;
  }

  /** Resolves with CONNACK; rejects when the connection ends before. */
  async connect(port: number): Promise<void> {
    const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
    const parser = mqttPacket.parser();
    this.#socket = socket;
    this.isSessionPresent = undefined;
    parser.on('packet', (packet) => {
      if (this.#socket !== socket) return;
      this.#take(packet, socket);
      for (const changed of this.#changed.splice(0)) changed();
    });
    socket.on('data', (bytes) => parser.parse(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      for (const changed of this.#changed.splice(0)) changed();
    });
    socket.write(
      mqttPacket.generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clientId: this.clientId,
        clean: false,
        keepalive: 0,
      }),
    );
    await this.until(() => this.isSessionPresent !== undefined);
  }

  /** Resolves with SUBACK. */
  async subscribe(topic: string, qos: 0 | 1 | 2): Promise<void> {
    this.#granted = undefined;
    this.#socket!.write(
      mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }] }),
    );
    await this.until(() => this.#granted !== undefined);
  }

  /** Cuts the connection as a network does. */
  cut(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  /** Resolves when the condition holds; rejects when the connection ends before. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#socket === undefined || this.#socket.destroyed) throw new Error(`${this.clientId} was cut`);
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  #take(packet: mqttPacket.Packet, socket: Socket): void {
    switch (packet.cmd) {
      case 'connack':
        this.isSessionPresent = packet.sessionPresent;
        return;
      case 'suback':
        this.#granted = packet.granted;
        return;
      case 'pubrel':
        this.#incoming.delete(packet.messageId!);
        socket.write(mqttPacket.generate({ cmd: 'pubcomp', messageId: packet.messageId }));
        return;
      case 'publish':
        this.#takePublish(packet, socket);
        return;
      default:
        throw new Error(`${packet.cmd} for a subscriber`);
    }
  }

  #takePublish({ topic, payload, qos, messageId }: mqttPacket.IPublishPacket, socket: Socket): void {
    if (qos > 0) socket.write(mqttPacket.generate({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId }));
    if (qos === 2) {
      if (this.#incoming.has(messageId!)) return;
      this.#incoming.add(messageId!);
    }
    this.received.push({ topic, payload: payload.toString(), qos });
  }
}
