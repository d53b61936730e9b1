import { encodeDelivery5, setExpiryInterval } from '../protocol/encode-delivery-5.js';
import { acknowledgement } from '../protocol/encode-packets.js';
import { acknowledgement5 } from '../protocol/encode-packets-5.js';
import { isExpired, publishProperties } from '../protocol/kept-properties.js';
import { FIRST_BYTES, type QoS, REASON_CODES } from '../protocol/packets.js';
import { setPacketId, topicOf } from '../protocol/write-delivery.js';
import type { Outlet } from './deliveries.js';
import type { DurableWrites } from './durable-writes.js';
import { keptBuffer } from './kept-bytes.js';
import type { LiveMessage5 } from './live-message-5.js';
import type { InFlight, MqttSession } from './mqtt-session.js';
import type { OwedMessage } from './owed-message.js';
import type { OwedTotals } from './owed-totals.js';
import { isTooLarge, type SentCounts } from './sent-counts.js';
import { encodeSessionEntry } from './session-entry.js';

/** Of a session that ends with its connection. */
const SENT: Readonly<Record<1 | 2, InFlight>> = {
  1: { qos: 1, owed: undefined },
  2: { qos: 2, owed: undefined },
};

/**
 * MessageSender sends what sessions are owed at QoS 1 and 2, and takes the acknowledgements. Invariants:
 * 1. Messages leave in the order in which they were queued [MQTT-4.6.0-6]; what was in flight when a client comes back
 *    leaves first, in its old order and with DUP [MQTT-4.4.0-1, MQTT-4.6.0-1].
 * 2. A durable session is sent nothing at QoS 2 before the message and its packet id are durable, and no PUBREL before
 *    the PUBREC is. So a client sees each message under one packet id, and exactly once, also across a crash.
 */
export class MessageSender {
  readonly #writes: DurableWrites;
  readonly #totals: OwedTotals;
  readonly #counts: SentCounts;
  readonly #nowMs: () => number;

  constructor(writes: DurableWrites, totals: OwedTotals, counts: SentCounts, nowMs: () => number) {
    this.#writes = writes;
    this.#totals = totals;
    this.#counts = counts;
    this.#nowMs = nowMs;
  }

  /** Whether a message may leave at once, past the queue, because nothing of it has to be kept. */
  maySendUnkept(session: MqttSession, outlet: Outlet): boolean {
    return (
      !session.isDurable &&
      session.hasBegun &&
      session.packets.length === 0 &&
      session.hasWindow &&
      !outlet.isFull
    );
  }

  /** Sends a message that `maySendUnkept`. */
  sendUnkept(
    session: MqttSession,
    outlet: Outlet,
    topic: Buffer,
    payload: Buffer,
    qos: 1 | 2,
    isRetained: boolean,
  ): void {
    const packetId = session.takePacketId();
    session.inFlight.set(packetId, SENT[qos]);
    this.#totals.sentUnkept();
    this.#counts.sent += 1;
    outlet.deliver(topic, payload, qos, packetId, isRetained, false);
  }

  /** The same for a client of MQTT 5, at every QoS. */
  sendLive5(
    session: MqttSession,
    outlet: Outlet,
    message: LiveMessage5,
    { qos, isRetained, identifiers }: Pick<OwedMessage, 'isRetained' | 'identifiers'> & { readonly qos: QoS },
  ): void {
    if (qos === 0 && outlet.isFull) {
      this.#counts.skipped += 1;
      return;
    }
    const packetId = qos === 0 ? 0 : session.takePacketId();
    const packet = message.packet(qos, packetId, isRetained, identifiers);
    if (isTooLarge(outlet, packet)) {
      this.#counts.tooLarge += 1;
      return;
    }
    if (qos > 0) {
      session.inFlight.set(packetId, SENT[qos as 1 | 2]);
      this.#totals.sentUnkept();
    }
    this.#counts.sent += 1;
    outlet.deliverPacket(packet);
  }

  /** The client is connected: what was in flight is to be sent again. */
  begin(session: MqttSession, outlet: Outlet): void {
    session.resend = [];
    for (const { owed } of session.inFlight.values()) if (owed !== undefined) session.resend.push(owed);
    for (const packetId of session.received) outlet.write(pubrel(packetId));
  }

  /** Sends what may be sent now. */
  pump(session: MqttSession): void {
    const { outlet } = session;
    if (outlet === undefined || !session.hasBegun) return;
    if (!session.isDurable) {
      this.#pumpPackets(session, outlet);
      return;
    }
    if (!this.#sendAgain(session, outlet)) return;
    while (session.hasWindow && !outlet.isFull) {
      const owed = session.waiting.oldest;
      if (owed === undefined) return;
      if (owed.qos === 2 && !this.#writes.isDurable(owed.position)) {
        this.#pumpWhenDurable(session);
        return;
      }
      session.waiting.take();
      if (!this.#isExpired(owed) && this.#send(outlet, owed)) {
        this.#totals.nowInFlight(session, owed);
        session.inFlight.set(owed.packetId, { qos: owed.qos, owed });
      } else {
        this.#totals.waitingReleased(owed);
        this.#done(session, owed.packetId);
      }
    }
  }

  puback(session: MqttSession, packetId: number): void {
    const sent = session.inFlight.get(packetId);
    if (sent?.qos !== 1) return;
    this.#forget(session, packetId, sent);
    this.#done(session, packetId);
    this.pump(session);
  }

  /** The client has answered a message of QoS 2 with a reason code of 0x80 or more: it is done with it [MQTT-4.4.0-2]. */
  refused(session: MqttSession, packetId: number): void {
    const sent = session.inFlight.get(packetId);
    if (sent?.qos !== 2) return;
    this.#forget(session, packetId, sent);
    this.#done(session, packetId);
    this.pump(session);
  }

  pubrec(session: MqttSession, outlet: Outlet, packetId: number): void {
    const sent = session.inFlight.get(packetId);
    if (sent?.qos === 1) return;
    if (sent !== undefined) {
      this.#received(session, packetId, sent);
    } else if (!session.received.has(packetId)) {
      // What has become of it is not known here; the client forgets it with this, as with Mosquitto.
      outlet.write(outlet.level === 5 ? pubrelOfUnknown(packetId) : pubrel(packetId));
      return;
    }
    this.#release(session, outlet, packetId);
  }

  pubcomp(session: MqttSession, packetId: number): void {
    if (!session.received.delete(packetId)) return;
    this.#done(session, packetId);
    this.pump(session);
  }

  /** For a session that ends with its connection. */
  #pumpPackets(session: MqttSession, outlet: Outlet): void {
    while (session.hasWindow && !outlet.isFull) {
      const next = session.packets.take();
      if (next === undefined) return;
      const { packet, countedBytes, expiresAtMs } = next;
      this.#totals.packetReleased(countedBytes);
      const leftMs = expiresAtMs === 0 ? 0 : expiresAtMs - this.#nowMs();
      if (expiresAtMs !== 0 && leftMs <= 0) {
        this.#counts.expired += 1;
        continue;
      }
      if (!outlet.mayReceive(topicOf(packet))) continue;
      if (expiresAtMs !== 0) setExpiryInterval(packet, leftMs);
      const packetId = session.takePacketId();
      setPacketId(packet, packetId);
      session.inFlight.set(packetId, SENT[qosOf(packet)]);
      this.#totals.sentUnkept();
      this.#counts.sent += 1;
      outlet.deliverPacket(packet);
    }
  }

  /** Returns whether all that was in flight is sent. */
  #sendAgain(session: MqttSession, outlet: Outlet): boolean {
    while (session.resend.length > 0) {
      if (outlet.isFull || !session.hasResendWindow) return false;
      const owed = session.resend.shift()!;
      const sent = session.inFlight.get(owed.packetId);
      if (sent?.owed !== owed) continue;
      owed.mayBeSent = true;
      // Also when it has expired meanwhile: its delivery had begun.
      if (this.#send(outlet, owed)) continue;
      if (owed.qos === 2) {
        // The client may have it since before: without PUBREL it would take a later message of this id for the same one.
        this.#received(session, owed.packetId, sent);
        this.#release(session, outlet, owed.packetId);
      } else {
        this.#forget(session, owed.packetId, sent);
        this.#done(session, owed.packetId);
      }
    }
    return true;
  }

  /** The message is not sent again, only PUBREL. */
  #received(session: MqttSession, packetId: number, sent: InFlight): void {
    this.#forget(session, packetId, sent);
    session.received.add(packetId);
    if (session.isDurable)
      this.#writes.append(encodeSessionEntry({ kind: 'received', sessionId: session.id, packetId }));
  }

  /** Sends PUBREL, to a durable session once it is durable that the message is not sent again. */
  #release(session: MqttSession, outlet: Outlet, packetId: number): void {
    if (!session.isDurable) {
      outlet.write(pubrel(packetId));
      return;
    }
    this.#writes.whenDurable(() => {
      if (session.outlet === outlet && session.received.has(packetId)) outlet.write(pubrel(packetId));
    });
  }

  /** It has waited for longer than its publisher wants [MQTT-3.3.2-5]. */
  #isExpired({ message }: OwedMessage): boolean {
    if (message.properties?.expiresAtMs === undefined) return false;
    if (!isExpired(message.properties, this.#nowMs())) return false;
    this.#counts.expired += 1;
    return true;
  }

  /** Returns false when the client may not have it, or does not take a packet of its size [MQTT-3.1.2-25]: it is not sent. */
  #send(outlet: Outlet, owed: OwedMessage): boolean {
    const { message, qos, packetId, isRetained, mayBeSent: isDuplicate } = owed;
    if (!outlet.mayReceive(message.topic)) return false;
    const topic = Buffer.from(message.topic);
    const payload = keptBuffer(message.payload);
    if (outlet.level !== 5) {
      outlet.deliver(topic, payload, qos, packetId, isRetained, isDuplicate);
      this.#counts.sent += 1;
      return true;
    }
    const properties = publishProperties(message.properties, this.#nowMs, owed.identifiers);
    const packet = encodeDelivery5({ topic, payload, qos, packetId, isRetained, isDuplicate, properties });
    if (isTooLarge(outlet, packet)) {
      this.#counts.tooLarge += 1;
      return false;
    }
    outlet.write(packet);
    this.#counts.sent += 1;
    return true;
  }

  #forget(session: MqttSession, packetId: number, sent: InFlight): void {
    session.inFlight.delete(packetId);
    this.#totals.inFlightReleased(session, sent.owed);
  }

  #done(session: MqttSession, packetId: number): void {
    if (!session.isDurable) return;
    this.#writes.append(encodeSessionEntry({ kind: 'done', sessionId: session.id, packetId }));
  }

  #pumpWhenDurable(session: MqttSession): void {
    if (session.awaitsCommit) return;
    session.awaitsCommit = true;
    this.#writes.whenDurable(() => {
      session.awaitsCommit = false;
      this.pump(session);
    });
  }
}

function qosOf(packet: Buffer): 1 | 2 {
  return (packet[0]! & 6) === 4 ? 2 : 1;
}

function pubrelOfUnknown(packetId: number): Buffer {
  return acknowledgement5(FIRST_BYTES.pubrel, packetId, REASON_CODES.packetIdentifierNotFound);
}

/** At level 5, too: this is its form without a reason code, which means success. */
function pubrel(packetId: number): Buffer {
  return acknowledgement(FIRST_BYTES.pubrel, packetId);
}
