import mqttPacket from 'mqtt-packet';
import { type ProtocolLevel, type QoS, REASON_CODES } from '../../src/broker/protocol/packets.js';
import { lengthOfDelivery, writeDelivery } from '../../src/broker/protocol/write-delivery.js';
import type { Outlet, SubscribeDenial } from '../../src/broker/sessions/deliveries.js';

export interface FakeOutletOptions {
  readonly clientId?: string;
  readonly user?: string;
  readonly isBridge?: boolean;
  readonly level?: ProtocolLevel;
  readonly receiveMaximum?: number;
  readonly maximumPacketBytes?: number;
}

/** What a PUBLISH says, without what tests rarely ask. */
export interface Delivered {
  readonly topic: string;
  readonly payload: string;
  readonly qos: QoS;
  readonly id: number | undefined;
  readonly dup: boolean;
  readonly retain: boolean;
}

/** A connection as deliveries see it, which keeps the packets that are written. */
export class FakeOutlet implements Outlet {
  readonly clientId: string;
  readonly user: string;
  readonly isBridge: boolean;
  readonly level: ProtocolLevel;
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number | undefined;
  isFull = false;
  readonly packets: mqttPacket.Packet[] = [];
  /** Answers that are not written yet. */
  owedAnswers = 0;
  readonly denials: string[] = [];
  readonly violations: string[] = [];
  /** Topics and filters that the rules deny. */
  readonly denied = new Set<string>();
  /** Called with each packet. */
  onPacket: (packet: mqttPacket.Packet) => void = () => undefined;

  constructor({
    clientId = 'c',
    user = '',
    isBridge = false,
    level = 4,
    receiveMaximum = 0xffff,
    maximumPacketBytes,
  }: FakeOutletOptions = {}) {
    this.clientId = clientId;
    this.user = user;
    this.isBridge = isBridge;
    this.level = level;
    this.receiveMaximum = receiveMaximum;
    this.maximumPacketBytes = maximumPacketBytes;
  }

  mayReceive(topic: string): boolean {
    return !this.denied.has(topic);
  }

  subscribeDenial(filter: string): SubscribeDenial | undefined {
    if (!this.denied.has(filter)) return undefined;
    return { reasonCode: REASON_CODES.notAuthorized, detail: `${filter} is denied` };
  }

  write(packets: Buffer): void {
    const parser = mqttPacket.parser(this.level === 5 ? { protocolVersion: 5 } : undefined);
    const written: mqttPacket.Packet[] = [];
    parser.on('packet', (packet) => written.push(packet));
    parser.parse(packets);
    this.packets.push(...written);
    for (const packet of written) this.onPacket(packet);
  }

  deliver(
    topic: Buffer,
    payload: Buffer,
    qos: QoS,
    packetId: number,
    isRetained: boolean,
    isDuplicate: boolean,
  ): void {
    const packet = Buffer.alloc(lengthOfDelivery(topic.length, payload.length, qos));
    writeDelivery(packet, 0, topic, payload, qos, packetId, isRetained, isDuplicate);
    this.write(packet);
  }

  deliverPacket(packet: Buffer): void {
    this.write(Buffer.from(packet));
  }

  answerOwed(): void {
    this.owedAnswers += 1;
  }

  answered(): void {
    this.owedAnswers -= 1;
  }

  subscriptionDenied(detail: string): void {
    this.denials.push(detail);
  }

  violation(detail: string): void {
    this.violations.push(detail);
  }

  /** Takes the messages that were written since the last call. */
  takeDelivered(): Delivered[] {
    const delivered = this.packets.filter((packet) => packet.cmd === 'publish').map(deliveredOf);
    this.packets.length = 0;
    return delivered;
  }

  /** Takes the packets that were written since the last call, as `command id`, of a PUBLISH with its payload. */
  take(): string[] {
    return this.packets.splice(0).map((packet) => {
      if (packet.cmd !== 'publish') return `${packet.cmd} ${packet.messageId}`;
      const { topic, payload, qos, id, dup, retain } = deliveredOf(packet);
      const flags = `${dup ? ' dup' : ''}${retain ? ' retain' : ''}`;
      return `publish ${topic}=${payload} q${qos}${id === undefined ? '' : ` ${id}`}${flags}`;
    });
  }
}

export function deliveredOf(packet: mqttPacket.IPublishPacket): Delivered {
  const { topic, payload, qos, messageId, dup, retain } = packet;
  return { topic, payload: payload.toString(), qos, id: messageId, dup, retain };
}
