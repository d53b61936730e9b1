import type { Client, PublishPacket } from 'aedes';
import type { Intake } from './intake.js';
import { topicNameFault } from './names.js';
import type { OpenHandshakes } from './open-handshakes.js';
import type { BrokerRefusal } from './refusals.js';
import type { Session, Sessions } from './session.js';
import type { SocketBrake } from './socket-brake.js';

/** Topics whose check has passed; forgotten all at once when there are more. */
const MAX_KNOWN_TOPICS = 50_000;

export interface GateCounters {
  readonly packetsAccepted: number;
  /** QoS 1 and 2 packets answered after they were stored. */
  readonly acknowledged: number;
  /** Retransmissions of QoS 2 packets that are stored already: answered, not stored again. */
  readonly retransmissions: number;
  readonly packetsShed: number;
  /** Of the accepted: those that came through PublishLane. */
  readonly packetsByLane: number;
}

/**
 * Every PUBLISH passes here, before anything else becomes of it. `authorizePublish` is the only hook of aedes
 * that runs before the PUBACK, so the answer waits there until the intake has stored the packet. Answers
 * leave in the order of arrival [MQTT-4.6.0-2].
 */
export class PublishGate {
  readonly #intake: Intake;
  readonly #sessions: Sessions;
  readonly #handshakes: OpenHandshakes;
  readonly #knownTopics = new Set<string>();
  readonly #counters = {
    packetsAccepted: 0,
    acknowledged: 0,
    retransmissions: 0,
    packetsShed: 0,
    packetsByLane: 0,
  };
  #releaseScheduled = false;
  #isClosed = false;
  /** Brakes of the clients whose sockets are not read at the moment. */
  readonly stoppedBrakes = new Set<SocketBrake>();

  constructor(intake: Intake, sessions: Sessions, handshakes: OpenHandshakes) {
    this.#intake = intake;
    this.#sessions = sessions;
    this.#handshakes = handshakes;
  }

  counters(): GateCounters {
    return { ...this.#counters };
  }

  /** From now on nothing is taken and nothing answered: what still comes stays with its sender. */
  close(): void {
    this.#isClosed = true;
  }

  authorizePublish(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    if (this.#isClosed) {
      if (packet.qos === 0) this.#counters.packetsShed += 1;
      return;
    }
    const session = this.#sessions.of(client);
    if (client === null || session?.isAuthenticated !== true) {
      this.#refuse(client, 'not-authenticated', 'PUBLISH before authentication', done);
      return;
    }
    const { topic, qos } = packet;
    const fault = this.#topicFault(topic);
    if (fault !== undefined) {
      this.#refuse(client, 'topic-invalid', `${fault}: ${topic}`, done);
      return;
    }
    // A will comes without `cmd`, and has no packet id.
    const isWill = (packet as { cmd?: string }).cmd !== 'publish';
    const packetId = packet.messageId ?? 0;
    // [MQTT-2.3.1-1], [MQTT-3.3.1-2]
    if (!isWill && ((qos > 0 && packetId === 0) || (qos === 0 && packet.dup))) {
      this.#refuse(client, 'publish-malformed', 'packet id 0, or DUP with QoS 0', done);
      return;
    }
    // Retained packets would stay in memory without a limit.
    packet.retain = false;
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const { brake } = session;
    const answer = () => {
      // A PUBACK of aedes is written at once; those of the short way wait for the end of this turn.
      if (qos === 1) session.acknowledgements.flush();
      if (qos > 0 && !isWill) this.#counters.acknowledged += 1;
      done(null);
      this.#stored(brake);
    };

    if (qos === 2 && this.#handshakes.isRetransmission(client.id, packetId, packet.dup, topic, payload)) {
      this.#counters.retransmissions += 1;
      brake.taken();
      this.#intake.afterAccepted(answer);
      return;
    }
    if (this.#intake.accept({ clientId: client.id, topic, qos, payload }, answer) === 'shed') {
      this.#counters.packetsShed += 1;
      // Not at once: the parser must not be entered again from within its own event.
      setImmediate(done, null);
      return;
    }
    brake.taken();
    this.#counters.packetsAccepted += 1;
    if (qos === 2 && !isWill) this.#handshakes.opened(client.id, packetId, topic, payload);
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  /** Whether the topic has passed its checks. */
  isKnownTopic(topic: string): boolean {
    return this.#knownTopics.has(topic);
  }

  /** The short way in (see PublishLane): a PUBLISH whose checks are done. `payload` is a view, valid during the call. */
  take(session: Session, topic: string, qos: 0 | 1, packetId: number, payload: Buffer): void {
    const { brake, acknowledgements, clientId } = session;
    const answer = () => {
      if (qos === 1) {
        this.#counters.acknowledged += 1;
        acknowledgements.add(packetId);
      }
      this.#stored(brake);
    };
    if (this.#intake.accept({ clientId, topic, qos, payload }, answer) === 'shed') {
      this.#counters.packetsShed += 1;
      return;
    }
    brake.taken();
    this.#counters.packetsAccepted += 1;
    this.#counters.packetsByLane += 1;
  }

  #stored(brake: SocketBrake): void {
    brake.stored();
    if (this.stoppedBrakes.size > 0) this.#scheduleRelease();
  }

  #topicFault(topic: string): string | undefined {
    if (this.#knownTopics.has(topic)) return undefined;
    const fault = topicNameFault(topic);
    if (fault !== undefined) return fault;
    if (this.#knownTopics.size >= MAX_KNOWN_TOPICS) this.#knownTopics.clear();
    this.#knownTopics.add(topic);
    return undefined;
  }

  #refuse(client: Client | null, why: BrokerRefusal, sentence: string, done: (error: Error) => void): void {
    this.#sessions.turnAway(client, why, sentence);
    done(new Error(sentence));
  }

  /** Once a turn of the event loop, however many packets a commit has answered. */
  #scheduleRelease(): void {
    if (this.#releaseScheduled) return;
    this.#releaseScheduled = true;
    setImmediate(() => {
      this.#releaseScheduled = false;
      if (!this.#intake.hasRoom()) return;
      for (const brake of [...this.stoppedBrakes]) brake.release();
    });
  }
}
