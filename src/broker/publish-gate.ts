import type { Client, PublishPacket } from 'aedes';
import { BoundedCache } from '../lib/bounded-cache.js';
import { topicNameFault } from '../lib/mqtt-names.js';
import { quoted } from '../lib/printable.js';
import type { DenialDelays } from './sign-in/denial-delays.js';
import type { Intake } from './intake.js';
import type { OpenHandshakes } from './open-handshakes.js';
import type { BrokerRefusal } from './refusals.js';
import type { Session, Sessions } from './session.js';
import type { SessionGrants } from './sign-in/session-grants.js';
import type { SocketBackpressure } from './socket-backpressure.js';

/** Topics that are well formed. At least half of them are kept, those used last. */
const MAX_KNOWN_TOPICS = 100_000;

export interface GateCounters {
  readonly packetsAccepted: number;
  /** QoS 1 and 2 packets answered after they were stored. */
  readonly acknowledged: number;
  /** Retransmissions of QoS 2 packets that are stored already: they are answered and not stored again. */
  readonly retransmissions: number;
  readonly packetsShed: number;
  /** Those of the accepted packets that came through PublishFastPath. */
  readonly packetsByFastPath: number;
}

/** Why a client may not publish on a topic. */
export interface PublishDenial {
  readonly reason: 'topic-invalid' | 'publish-denied' | 'access-changed';
  readonly detail: string;
}

/** Its connection is being closed, and the reason is counted. */
const ACCESS_ENDED: PublishDenial = {
  reason: 'access-changed',
  detail: 'the client may no longer be connected',
};

export interface PublishGateDeps {
  readonly intake: Intake;
  readonly sessions: Sessions;
  readonly grants: SessionGrants;
  readonly handshakes: OpenHandshakes;
  readonly denials: DenialDelays;
}

/**
 * PublishGate checks every PUBLISH and answers it once it is stored. `authorizePublish` is the only hook of aedes that
 * runs before the PUBACK, so the answer waits there until the intake has stored the packet. Answers leave in the
 * order of arrival [MQTT-4.6.0-2].
 */
export class PublishGate {
  readonly #intake: Intake;
  readonly #sessions: Sessions;
  readonly #grants: SessionGrants;
  readonly #handshakes: OpenHandshakes;
  readonly #denials: DenialDelays;
  /** For all clients together, so it must hold nothing but syntax: who may use a topic is up to each client's grant. */
  readonly #wellFormed = new BoundedCache<true>(MAX_KNOWN_TOPICS);
  readonly #counters = {
    packetsAccepted: 0,
    acknowledged: 0,
    retransmissions: 0,
    packetsShed: 0,
    packetsByFastPath: 0,
  };
  #releaseScheduled = false;
  #isClosed = false;
  /** The clients whose sockets are not read at the moment. */
  readonly stoppedSockets = new Set<SocketBackpressure>();

  constructor({ intake, sessions, grants, handshakes, denials }: PublishGateDeps) {
    this.#intake = intake;
    this.#sessions = sessions;
    this.#grants = grants;
    this.#handshakes = handshakes;
    this.#denials = denials;
  }

  counters(): GateCounters {
    return { ...this.#counters };
  }

  /** From now on no packet is accepted or answered; the sender keeps it and sends it again. */
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
      this.#reject(client, 'not-authenticated', 'PUBLISH before authentication', done);
      return;
    }
    session.pace.published(1);
    const { topic, qos } = packet;
    // A will comes without `cmd`, and has no packet id.
    const isWill = (packet as { cmd?: string }).cmd !== 'publish';
    const denial = this.denialOf(client, session, topic);
    if (denial !== undefined) {
      this.#deny(client, session, denial, isWill);
      done(new Error(denial.detail));
      return;
    }
    const packetId = packet.messageId ?? 0;
    // [MQTT-2.3.1-1], [MQTT-3.3.1-2]
    if (!isWill && ((qos > 0 && packetId === 0) || (qos === 0 && packet.dup))) {
      this.#reject(client, 'publish-malformed', 'packet id 0, or DUP with QoS 0', done);
      return;
    }
    // Retained packets would stay in memory without a limit.
    packet.retain = false;
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const { backpressure } = session;
    const answer = () => {
      // Aedes writes its PUBACK at once; those of the fast path wait for the end of this turn of the event loop.
      if (qos === 1) session.acknowledgements.flush();
      if (qos > 0 && !isWill) this.#counters.acknowledged += 1;
      done(null);
      this.#stored(backpressure);
    };

    if (qos === 2 && this.#handshakes.isRetransmission(session, packetId, packet.dup, topic, payload)) {
      this.#counters.retransmissions += 1;
      backpressure.taken();
      this.#intake.afterAccepted(answer);
      return;
    }
    const { clientId, user } = session;
    if (this.#intake.accept({ clientId, user, topic, qos, payload }, answer) === 'shed') {
      this.#counters.packetsShed += 1;
      // Later: the parser must not be entered again from within its own event.
      setImmediate(done, null);
      return;
    }
    backpressure.taken();
    this.#counters.packetsAccepted += 1;
    if (qos === 2 && !isWill) this.#handshakes.opened(session, packetId, topic, payload);
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  /**
   * Why the client may not publish on the topic by the rules in force now, or `undefined`. Both paths ask this, and nothing
   * else, so that none of them accepts what the other one refuses.
   */
  denialOf(client: Client, session: Session, topic: string): PublishDenial | undefined {
    const grant = this.#grants.of(client, session);
    if (grant === undefined) return ACCESS_ENDED;
    const fault = this.#topicFault(topic);
    if (fault !== undefined) return { reason: 'topic-invalid', detail: `${fault}: ${quoted(topic)}` };
    return grant.mayPublish(topic) ? undefined : { reason: 'publish-denied', detail: quoted(topic) };
  }

  /** Accepts a PUBLISH from PublishFastPath, whose checks are done. `payload` is a view, valid during the call. */
  acceptChecked(session: Session, topic: string, qos: 0 | 1, packetId: number, payload: Buffer): void {
    const { backpressure, acknowledgements, clientId, user } = session;
    const answer = () => {
      if (qos === 1) {
        this.#counters.acknowledged += 1;
        acknowledgements.add(packetId);
      }
      this.#stored(backpressure);
    };
    if (this.#intake.accept({ clientId, user, topic, qos, payload }, answer) === 'shed') {
      this.#counters.packetsShed += 1;
      return;
    }
    backpressure.taken();
    this.#counters.packetsAccepted += 1;
    this.#counters.packetsByFastPath += 1;
  }

  #stored(backpressure: SocketBackpressure): void {
    backpressure.stored();
    if (this.stoppedSockets.size > 0) this.#scheduleRelease();
  }

  #topicFault(topic: string): string | undefined {
    if (this.#wellFormed.get(topic) === true) return undefined;
    const fault = topicNameFault(topic);
    if (fault !== undefined) return fault;
    this.#wellFormed.set(topic, true);
    return undefined;
  }

  #deny(client: Client, session: Session, { reason, detail }: PublishDenial, isWill: boolean): void {
    if (reason === 'access-changed') return;
    if (isWill) {
      // Its connection has ended for a reason of its own.
      this.#sessions.deny(client, reason, `will on ${detail}`);
      return;
    }
    if (reason === 'publish-denied') this.#denials.denied(session.user, session.remoteAddress);
    this.#sessions.reject(client, reason, detail);
  }

  #reject(client: Client | null, reason: BrokerRefusal, detail: string, done: (error: Error) => void): void {
    this.#sessions.reject(client, reason, detail);
    done(new Error(detail));
  }

  /** Runs once per turn of the event loop, however many packets a commit has answered. */
  #scheduleRelease(): void {
    if (this.#releaseScheduled) return;
    this.#releaseScheduled = true;
    setImmediate(() => {
      this.#releaseScheduled = false;
      if (!this.#intake.hasRoom()) return;
      for (const backpressure of [...this.stoppedSockets]) backpressure.release();
    });
  }
}
