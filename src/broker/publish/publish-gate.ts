import type { Grant } from '../../access/grant.js';
import { BoundedCache } from '../../lib/bounded-cache.js';
import { MAX_MESSAGE_PROPERTIES_BYTES } from '../../lib/message-properties.js';
import { quoted } from '../../lib/printable.js';
import { MAX_READ_PAST_BYTES, publishLength, tooLargeText } from '../../lib/publish-refusal.js';
import type { Connection } from '../connection/connection.js';
import type { Connections } from '../connection/connections.js';
import type { AcceptedPacket, Intake } from '../intake.js';
import { PacketFault, REASON_CODES, type Will } from '../protocol/packets.js';
import type { RetainedMessages } from '../retained/retained-messages.js';
import type { Deliveries } from '../sessions/deliveries.js';
import type { DenialDelays } from '../sign-in/denial-delays.js';
import type { SessionGrants } from '../sign-in/session-grants.js';
import { answerAccepted, answerDenied, answerPubrel, answerRefused } from './answer-publish.js';
import { ACCEPTED, judgePublish, type PublishVerdict } from './judge-publish.js';
import type { OpenHandshakes } from './open-handshakes.js';
import { type Publish, readPublish } from './read-publish.js';
import { KEPT_PAYLOAD_BYTES, refusedPacket } from './refused-packet.js';

/** Topics that are well formed. At least half of them are kept, those used last. */
const MAX_KNOWN_TOPICS = 100_000;

export interface GateCounters {
  readonly packetsAccepted: number;
  /** QoS 1 and 2 packets answered after they were stored. */
  readonly acknowledged: number;
  /** Retransmissions of QoS 2 packets that are stored already: they are answered and not stored again. */
  readonly retransmissions: number;
  readonly packetsShed: number;
  /** What bridges said of their connection: acknowledged, and not stored as records. */
  readonly bridgeStates: number;
}

export interface PublishGateDeps {
  readonly intake: Intake;
  readonly connections: Connections;
  readonly grants: SessionGrants;
  readonly handshakes: OpenHandshakes;
  readonly denials: DenialDelays;
  readonly retained: RetainedMessages;
  readonly deliveries: Deliveries;
  readonly maxPacketBytes: number;
  /** QoS 1 and 2 packets of a client of MQTT 5 that may be without an answer. */
  readonly receiveMaximum: number;
  /** Whether a topic that begins with `$` and has this first level may be published without access rules. */
  readonly isNamed: (firstLevel: string) => boolean;
}

/** The longest topic with its length, a packet id, and what is kept of the payload. */
const MAX_HEAD_BYTES = 2 + 65_535 + 2 + KEPT_PAYLOAD_BYTES;

/** The properties of MQTT 5 that are kept, with their length in front. */
const MAX_PROPERTIES_BYTES = 4 + MAX_MESSAGE_PROPERTIES_BYTES;

/** A PUBLISH or a will. */
type Message = Pick<Publish, 'topic' | 'qos' | 'payload' | 'payloadBytes' | 'isRetained' | 'properties'>;

type RefusedVerdict = Extract<PublishVerdict, { kind: 'refused' }>;

/** With access rules a role must have the first level itself, so nothing else names it. */
const NAMED = () => true;

/**
 * PublishGate checks every PUBLISH and answers it once it is stored. Answers leave in the order of arrival
 * [MQTT-4.6.0-2, MQTT-4.6.0-3].
 */
export class PublishGate {
  readonly #deps: PublishGateDeps;
  readonly #intake: Intake;
  /** For all clients together, so it must hold nothing but syntax: who may use a topic is up to each client's grant. */
  readonly #wellFormed = new BoundedCache<true>(MAX_KNOWN_TOPICS);
  readonly #counters = {
    packetsAccepted: 0,
    acknowledged: 0,
    retransmissions: 0,
    packetsShed: 0,
    bridgeStates: 0,
  };
  #releaseScheduled = false;
  #isClosed = false;
  /** The connections that are not read at the moment. */
  readonly stopped = new Set<Connection>();

  constructor(deps: PublishGateDeps) {
    this.#deps = deps;
    this.#intake = deps.intake;
  }

  counters(): GateCounters {
    return { ...this.#counters };
  }

  /** From now on no packet is accepted or answered; the sender keeps it and sends it again. */
  close(): void {
    this.#isClosed = true;
  }

  /** A whole PUBLISH of a connected client, whose first byte is valid; `bytes` from `start` to `end` is what is behind its fixed header. */
  publish(connection: Connection, firstByte: number, bytes: Buffer, start: number, end: number): void {
    const packet = readPublish(connection, firstByte, bytes, start, end);
    if (packet instanceof PacketFault) this.#malformed(connection, packet);
    else this.#accept(connection, packet, end - start);
  }

  /** A PUBLISH that was too large and was read past; `head` is its beginning, of MAX_HEAD_BYTES or all of it. */
  passed(connection: Connection, firstByte: number, head: Buffer, length: number): void {
    const packet = readPublish(connection, firstByte, head, 0, head.length, length);
    if (packet instanceof PacketFault) this.#malformed(connection, packet);
    else this.#accept(connection, packet, length);
  }

  /** How much of a PUBLISH of this length to keep while it is read past; `undefined` when the connection ends. */
  keptOfTooLarge(connection: Connection, length: number): number | undefined {
    if (length <= MAX_READ_PAST_BYTES) {
      return connection.level === 5 ? MAX_HEAD_BYTES + MAX_PROPERTIES_BYTES : MAX_HEAD_BYTES;
    }
    this.#deps.denials.denied(connection.user, connection.remoteAddress);
    connection.close('packet-too-large', tooLargeText('publish', length, this.#deps.maxPacketBytes));
    return undefined;
  }

  /** The last will of a client that is gone without DISCONNECT [MQTT-3.1.2-8]. */
  publishWill(connection: Connection, will: Will): void {
    if (this.#isClosed) return;
    const { topic, qos, payload } = will;
    const grant = this.#deps.grants.of(connection);
    if (grant === undefined) return;
    if (!grant.mayPublish(topic)) {
      this.#deps.connections.deny(connection, 'publish-denied', `will on ${quoted(topic)}`);
      return;
    }
    const lengthBytes = publishLength(topic, qos, payload.length);
    const verdict = this.#verdictOn(topic, lengthBytes, 0, grant);
    // ConnectGate has refused it.
    if (verdict.kind === 'malformed') return;
    const message = { ...will, payloadBytes: payload.length };
    this.#take(connection, message, verdict, () => this.#afterStored());
  }

  /** Answers a PUBREL; also of a handshake that is not known, so that the client can end it. */
  pubrel(connection: Connection, packetId: number): void {
    const isKnown = this.#deps.handshakes.completed(connection, packetId);
    answerPubrel(connection, packetId, isKnown);
  }

  #malformed(connection: Connection, { detail, reasonCode }: PacketFault): void {
    connection.close('publish-malformed', `PUBLISH with ${detail}`, reasonCode);
  }

  /** `lengthBytes` is the remaining length of the packet as it was sent. */
  #accept(connection: Connection, packet: Publish, lengthBytes: number): void {
    const { topic, qos, packetId, payload, propertiesBytes } = packet;
    connection.pace.published(1);
    if (this.#isClosed) {
      if (qos === 0) this.#counters.packetsShed += 1;
      return;
    }
    const grant = this.#deps.grants.of(connection);
    // Its connection is being closed, and the reason is counted.
    if (grant === undefined) return;
    const { lastTopic } = connection;
    const isLast = lastTopic?.topic === topic;
    const isSmall =
      lengthBytes <= this.#deps.maxPacketBytes && propertiesBytes <= MAX_MESSAGE_PROPERTIES_BYTES;
    const isChecked = isLast && lastTopic.isChecked && isSmall;
    const verdict = isChecked ? ACCEPTED : this.#verdictOn(topic, lengthBytes, propertiesBytes, grant);
    if (verdict.kind === 'malformed') {
      connection.close('publish-malformed', `${verdict.detail}: ${quoted(topic)}`);
      return;
    }
    // Before a refused packet is acknowledged: one that is denied never is.
    if (!grant.mayPublish(topic)) {
      this.#denied(connection, packet);
      return;
    }
    const { handshakes } = this.#deps;
    const isAgain =
      qos === 2 && handshakes.isRetransmission(connection, packetId, packet.isDuplicate, topic, payload);
    if (qos === 2 && !isAgain && !this.#isWithinReceiveMaximum(connection)) return;
    if (isLast && verdict.kind === 'accepted' && isLasting(topic)) lastTopic.isChecked = true;
    const isRefused = verdict.kind === 'refused' && connection.level === 5;
    const answer = () => {
      if (qos > 0) {
        this.#counters.acknowledged += 1;
        if (isRefused) answerRefused(connection, packet, verdict);
        else answerAccepted(connection, packet);
      }
      connection.stored();
      this.#afterStored();
    };
    if (isAgain) {
      this.#counters.retransmissions += 1;
      connection.taken();
      this.#intake.afterAccepted(answer);
      return;
    }
    if (this.#take(connection, packet, verdict, answer) === 'shed') return;
    connection.taken();
    // A PUBREC with a reason code of 0x80 or more ends the handshake [MQTT-4.3.3-9].
    if (qos === 2 && !isRefused) handshakes.opened(connection, packetId, topic, payload);
  }

  /** Before MQTT 5 there is no answer that says it, so the connection ends; with it, the client gets the reason and goes on. */
  #denied(connection: Connection, packet: Publish): void {
    const { topic, qos } = packet;
    const { denials, connections } = this.#deps;
    if (connection.level !== 5) {
      denials.denied(connection.user, connection.remoteAddress);
      connection.close('publish-denied', quoted(topic));
      return;
    }
    connections.deny(connection, 'publish-denied', quoted(topic));
    if (qos === 0) return;
    connection.taken();
    // Behind the answers to what came before it [MQTT-4.6.0-2].
    this.#intake.afterAccepted(() => {
      answerDenied(connection, packet);
      connection.stored();
      this.#afterStored();
    });
  }

  /**
   * CONNACK has named how many packets the client may have open. Of QoS 2 it decides itself when they end, and one that has more is
   * closed (MQTT 5 section 4.9). Of QoS 1 there are never more than it may have: its socket is not read then.
   */
  #isWithinReceiveMaximum(connection: Connection): boolean {
    const { level, openHandshakes } = connection;
    if (level !== 5 || (openHandshakes?.size ?? 0) < this.#deps.receiveMaximum) return true;
    const detail = `more than ${this.#deps.receiveMaximum} QoS 2 handshakes that are not complete`;
    connection.close('protocol-violation', detail, REASON_CODES.receiveMaximumExceeded);
    return false;
  }

  /** Brings a message where its verdict says. `answer` is called once what has to be durable is. */
  #take(
    connection: Connection,
    message: Message,
    verdict: Exclude<PublishVerdict, { kind: 'malformed' }>,
    answer: () => void,
  ): 'taken' | 'shed' {
    const { topic, qos, payload, payloadBytes, properties } = message;
    const { clientId, user } = connection;
    if (verdict.kind === 'bridge-state') {
      this.#counters.bridgeStates += 1;
      this.#deliver(connection, message);
      this.#intake.afterAccepted(answer);
      return 'taken';
    }
    let packet: AcceptedPacket = { clientId, user, topic, qos, payload, properties };
    if (verdict.kind === 'refused') packet = refusedPacket({ ...packet, ...verdict, payloadBytes });
    if (this.#intake.accept(packet, answer) === 'shed') {
      this.#counters.packetsShed += 1;
      return 'shed';
    }
    this.#counters.packetsAccepted += 1;
    if (verdict.kind === 'accepted') this.#deliver(connection, message);
    else this.#countRefused(connection, message, verdict);
    return 'taken';
  }

  #countRefused(
    connection: Connection,
    { topic, isRetained }: Message,
    { reason, detail }: RefusedVerdict,
  ): void {
    const outcome = isRetained ? 'it is parked, and not retained' : 'it is parked';
    const counted = reason === 'packet-too-large' ? reason : 'topic-invalid';
    this.#deps.connections.deny(connection, counted, `${detail}: ${quoted(topic)}; ${outcome}`);
  }

  #deliver(publisher: Connection, { topic, payload, qos, isRetained, properties }: Message): void {
    const { retained, deliveries } = this.#deps;
    if (isRetained) retained.set(topic, payload, qos, properties);
    if (deliveries.isNeeded) deliveries.publish({ topic, payload, qos, isRetained, properties, publisher });
  }

  #afterStored(): void {
    if (this.stopped.size > 0) this.#scheduleRelease();
  }

  #verdictOn(topic: string, lengthBytes: number, propertiesBytes: number, grant: Grant): PublishVerdict {
    const { maxPacketBytes, isNamed } = this.#deps;
    const isSmall = lengthBytes <= maxPacketBytes && propertiesBytes <= MAX_MESSAGE_PROPERTIES_BYTES;
    if (isSmall && this.#wellFormed.get(topic) === true) return ACCEPTED;
    const head = { topic, lengthBytes, propertiesBytes };
    const verdict = judgePublish(head, maxPacketBytes, grant.hasRules ? NAMED : isNamed);
    if (verdict.kind === 'accepted' && isLasting(topic)) this.#wellFormed.set(topic, true);
    return verdict;
  }

  /** Runs once per turn of the event loop, however many packets a commit has answered. */
  #scheduleRelease(): void {
    if (this.#releaseScheduled) return;
    this.#releaseScheduled = true;
    setImmediate(() => {
      this.#releaseScheduled = false;
      if (!this.#intake.hasRoom()) return;
      for (const connection of [...this.stopped]) connection.release();
    });
  }
}

/** Whether an accepted topic stays accepted: a reload changes which ones with `$` are. */
function isLasting(topic: string): boolean {
  return !topic.startsWith('$');
}
