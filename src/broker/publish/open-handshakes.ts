import { crc32 } from 'node:zlib';
import type { Connection } from '../connection/connection.js';
import { PacketIds } from './packet-ids.js';

interface OpenPublish {
  readonly contentCrc: number;
  readonly bytes: number;
}

/** Limit for all sessions together: a device that never completes its handshakes must not fill the memory. */
const MAX_OPEN = 100_000;

/** Whose session it is: another user with the same client id must not complete its handshakes. */
export interface HandshakeOwner {
  readonly user: string;
  readonly clientId: string;
}

/**
 * OpenHandshakes keeps which QoS 2 packets are stored while their PUBREL is outstanding, so that they are answered again
 * and not stored again. Within a connection the packet id alone decides [MQTT-4.3.3-2]: there are 65,535 of them, a bit
 * for each, so no number of open handshakes is too many. A client that keeps its session and connects again must send its
 * packet with DUP [MQTT-4.4.0-1] and the same content: one that has lost its state may use the id for something new.
 * They are forgotten at a restart (at least once, never a loss).
 */
export class OpenHandshakes {
  readonly #bySession = new Map<string, Map<number, OpenPublish>>();
  #open = 0;

  isRetransmission(
    connection: Connection,
    packetId: number,
    isDuplicate: boolean,
    topic: string,
    payload: Buffer,
  ): boolean {
    if (connection.openHandshakes?.has(packetId) === true) return true;
    if (!isDuplicate || connection.isCleanSession) return false;
    const open = this.#bySession.get(keyOf(connection))?.get(packetId);
    if (open === undefined || open.bytes !== payload.length) return false;
    return open.contentCrc === contentCrc(topic, payload);
  }

  opened(connection: Connection, packetId: number, topic: string, payload: Buffer): void {
    connection.openHandshakes ??= PacketIds.take();
    connection.openHandshakes.add(packetId);
    if (connection.isCleanSession) return;
    const key = keyOf(connection);
    let ofSession = this.#bySession.get(key);
    if (ofSession === undefined) {
      ofSession = new Map();
      this.#bySession.set(key, ofSession);
    }
    if (!ofSession.has(packetId)) this.#open += 1;
    ofSession.set(packetId, { contentCrc: contentCrc(topic, payload), bytes: payload.length });
    if (this.#open > MAX_OPEN) this.#forgetOldest();
  }

  completed(connection: Connection, packetId: number): void {
    const { openHandshakes } = connection;
    if (openHandshakes?.delete(packetId) === 0) {
      connection.openHandshakes = undefined;
      openHandshakes.giveBack();
    }
    if (connection.isCleanSession) return;
    const key = keyOf(connection);
    const ofSession = this.#bySession.get(key);
    if (ofSession?.delete(packetId) !== true) return;
    this.#open -= 1;
    if (ofSession.size === 0) this.#bySession.delete(key);
  }

  sessionEnded(owner: HandshakeOwner): void {
    this.#forget(keyOf(owner));
  }

  #forget(key: string): void {
    this.#open -= this.#bySession.get(key)?.size ?? 0;
    this.#bySession.delete(key);
  }

  #forgetOldest(): void {
    const oldest = this.#bySession.keys().next().value;
    if (oldest !== undefined) this.#forget(oldest);
  }
}

/** The length in front keeps users and client ids apart, whatever characters they have. */
function keyOf({ user, clientId }: HandshakeOwner): string {
  return `${user.length} ${user}${clientId}`;
}

function contentCrc(topic: string, payload: Buffer): number {
  return crc32(payload, crc32(topic));
}
