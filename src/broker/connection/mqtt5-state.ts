import type { ConnectPacket } from '../protocol/packets.js';
import type { LastTopic } from './last-topic.js';

/** Topic aliases that a client may use: each keeps a topic, which may have 1 KiB, as long as the connection. */
export const TOPIC_ALIAS_MAXIMUM = 16;

/** What a connection of MQTT 5 has beside that of 3.1.1. */
export class Mqtt5State {
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number | undefined;
  readonly wantsProblemInformation: boolean;
  /** That of CONNECT: DISCONNECT may not set another where it was 0 [MQTT-3.14.2-2]. */
  readonly connectExpirySeconds: number;
  /** What the client has sent as keep alive, to say in CONNACK when it gets another. */
  readonly askedKeepAliveMs: number;
  #topics: (LastTopic | undefined)[] | undefined;

  constructor(packet: ConnectPacket) {
    this.receiveMaximum = packet.receiveMaximum;
    this.maximumPacketBytes = packet.maximumPacketBytes;
    this.wantsProblemInformation = packet.wantsProblemInformation;
    this.connectExpirySeconds = packet.sessionExpirySeconds;
    this.askedKeepAliveMs = packet.keepAliveSeconds * 1000;
  }

  /** The topic of an alias; undefined when the client has not set it. */
  topicOf(alias: number): LastTopic | undefined {
    return this.#topics?.[alias];
  }

  /** `alias` is 1 to TOPIC_ALIAS_MAXIMUM. */
  setTopic(alias: number, topic: LastTopic): void {
    this.#topics ??= [];
    this.#topics[alias] = topic;
  }
}
