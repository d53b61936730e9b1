import { BoundedCache } from '../../lib/bounded-cache.js';
import { topicNameFault } from '../../lib/mqtt-names.js';
import { quoted } from '../../lib/printable.js';
import { tooLargeText } from '../../lib/publish-refusal.js';
import type { Connection } from '../connection/connection.js';
import type { Connections } from '../connection/connections.js';
import type { Intake, PacketRefusal } from '../intake.js';
import { FIRST_BYTES, type QoS, type Will } from '../protocol/packets.js';
import type { RetainedMessages } from '../retained/retained-messages.js';
import type { Deliveries } from '../sessions/deliveries.js';
import type { DenialDelays } from '../sign-in/denial-delays.js';
import type { SessionGrants } from '../sign-in/session-grants.js';
import type { OpenHandshakes } from './open-handshakes.js';
import { type Publish, readPublish } from './read-publish.js';

/** Topics that are well formed. At least half of them are kept, those used last. */
const MAX_KNOWN_TOPICS = 100_000;

export interface GateCounters {
  readonly packetsAccepted: number;
  /** QoS 1 and 2 packets answered after they were stored. */
  readonly acknowledged: number;
  /** Retransmissions of QoS 2 packets that are stored already: they are answered and not stored again. */
  readonly retransmissions: number;
  readonly packetsShed: number;
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
}

/** What is kept of the payload of a PUBLISH that is not accepted. */
const KEPT_OF_REFUSED_BYTES = 1024;
/** The longest topic with its length, a packet id, and what is kept of the payload. */
const MAX_HEAD_BYTES = 2 + 65_535 + 2 + KEPT_OF_REFUSED_BYTES;
/** A PUBLISH that is larger ends the connection: reading past it would only cost time. */
export const MAX_READ_PAST_BYTES = 64 * 1024 * 1024;

/**
 * PublishGate checks every PUBLISH and answers it once it is stored. Answers leave in the order of arrival
 * [MQTT-4.6.0-2, MQTT-4.6.0-3].
 */
export class PublishGate {
  readonly #deps: PublishGateDeps;
  readonly #intake: Intake;
  /** For all clients together, so it must hold nothing but syntax: who may use a topic is up to each client's grant. */
  readonly #wellFormed = new BoundedCache<true>(MAX_KNOWN_TOPICS);
  readonly #counters = { packetsAccepted: 0, acknowledged: 0, retransmissions: 0, packetsShed: 0 };
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
    if (typeof packet === 'string') connection.close('publish-malformed', `PUBLISH with ${packet}`);
    else this.#accept(connection, packet, undefined);
  }

  /** A PUBLISH that was too large and was read past; `head` is its beginning, of MAX_HEAD_BYTES or all of it. */
  passed(connection: Connection, firstByte: number, head: Buffer, length: number): void {
    const packet = readPublish(connection, firstByte, head, 0, head.length);
    if (typeof packet === 'string') {
      connection.close('publish-malformed', `PUBLISH with ${packet}`);
      return;
    }
    const { payload } = packet;
    const refused = {
      reason: 'packet-too-large',
      detail: tooLargeText('publish', length, this.#deps.maxPacketBytes),
      sizeBytes: length - head.length + payload.length,
    } as const;
    const kept = payload.subarray(0, KEPT_OF_REFUSED_BYTES);
    this.#accept(connection, { ...packet, payload: kept, isRetained: false }, refused);
  }

  /** How much of a PUBLISH of this length to keep while it is read past; `undefined` when the connection ends. */
  keptOfTooLarge(connection: Connection, length: number): number | undefined {
    if (length <= MAX_READ_PAST_BYTES) return MAX_HEAD_BYTES;
    this.#deps.denials.denied(connection.user, connection.remoteAddress);
    connection.close('packet-too-large', tooLargeText('publish', length, this.#deps.maxPacketBytes));
    return undefined;
  }

  /** The last will of a client that is gone without DISCONNECT [MQTT-3.1.2-8]. */
  publishWill(connection: Connection, will: Will): void {
    if (this.#isClosed) return;
    const { topic, qos, payload, isRetained } = will;
    const grant = this.#deps.grants.of(connection);
    if (grant === undefined) return;
    if (!grant.mayPublish(topic)) {
      this.#deps.connections.deny(connection, 'publish-denied', `will on ${quoted(topic)}`);
      return;
    }
    const { clientId, user } = connection;
    if (this.#intake.accept({ clientId, user, topic, qos, payload }, () => this.#afterStored()) === 'shed') {
      this.#counters.packetsShed += 1;
      return;
    }
    this.#counters.packetsAccepted += 1;
    this.#deliver(connection, topic, payload, qos, isRetained);
  }

  /** Answers a PUBREL; also of a handshake that is not known, so that the client can end it. */
  pubrel(connection: Connection, packetId: number): void {
    this.#deps.handshakes.completed(connection, packetId);
    connection.output.answer(FIRST_BYTES.pubcomp, packetId);
  }

  #accept(connection: Connection, packet: Publish, refused: PacketRefusal | undefined): void {
    const { topic, qos, packetId, payload } = packet;
    connection.pace.published(1);
    if (this.#isClosed) {
      if (qos === 0) this.#counters.packetsShed += 1;
      return;
    }
    const grant = this.#deps.grants.of(connection);
    // Its connection is being closed, and the reason is counted.
    if (grant === undefined) return;
    const { lastTopic } = connection;
    if (lastTopic?.topic !== topic || !lastTopic.isChecked) {
      const fault = this.#topicFault(topic);
      if (fault !== undefined) {
        connection.close('topic-invalid', `${fault}: ${quoted(topic)}`);
        return;
      }
      if (lastTopic?.topic === topic) lastTopic.isChecked = true;
    }
    if (!grant.mayPublish(topic)) {
      this.#deps.denials.denied(connection.user, connection.remoteAddress);
      connection.close('publish-denied', quoted(topic));
      return;
    }
    const answer = () => {
      if (qos > 0) {
        this.#counters.acknowledged += 1;
        connection.output.answer(qos === 1 ? FIRST_BYTES.puback : FIRST_BYTES.pubrec, packetId);
      }
      connection.stored();
      this.#afterStored();
    };
    const { handshakes } = this.#deps;
    if (qos === 2 && handshakes.isRetransmission(connection, packetId, packet.isDuplicate, topic, payload)) {
      this.#counters.retransmissions += 1;
      connection.taken();
      this.#intake.afterAccepted(answer);
      return;
    }
    const { clientId, user } = connection;
    const accepted = { clientId, user, topic, qos, payload, ...(refused === undefined ? {} : { refused }) };
    if (this.#intake.accept(accepted, answer) === 'shed') {
      this.#counters.packetsShed += 1;
      return;
    }
    connection.taken();
    this.#counters.packetsAccepted += 1;
    if (qos === 2) handshakes.opened(connection, packetId, topic, payload);
    if (refused === undefined) this.#deliver(connection, topic, payload, qos, packet.isRetained);
  }

  #deliver(publisher: Connection, topic: string, payload: Buffer, qos: QoS, isRetained: boolean): void {
    const { retained, deliveries } = this.#deps;
    if (isRetained) retained.set(topic, payload, qos);
    if (deliveries.isNeeded) deliveries.publish({ topic, payload, qos, isRetained, publisher });
  }

  #afterStored(): void {
    if (this.stopped.size > 0) this.#scheduleRelease();
  }

  #topicFault(topic: string): string | undefined {
    if (this.#wellFormed.get(topic) === true) return undefined;
    const fault = topicNameFault(topic);
    if (fault !== undefined) return fault;
    this.#wellFormed.set(topic, true);
    return undefined;
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
