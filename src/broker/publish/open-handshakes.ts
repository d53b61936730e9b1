import { crc32 } from 'node:zlib';
import type { Connection } from '../connection/connection.js';
import { PacketIds } from './packet-ids.js';
import { type SessionOwner, sessionKey } from './session-key.js';

interface OpenPublish {
  readonly contentCrc: number;
  readonly bytes: number;
}

/** Limit for all sessions together: a device that never completes its handshakes must not fill the memory. */
const MAX_OPEN = 100_000;

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
    if (!isDuplicate || connection.sessionExpirySeconds === 0) return false;
    const open = this.#bySession.get(sessionKey(connection))?.get(packetId);
    if (open === undefined || open.bytes !== payload.length) return false;
    return open.contentCrc === contentCrc(topic, payload);
  }

  opened(connection: Connection, packetId: number, topic: string, payload: Buffer): void {
    connection.openHandshakes ??= PacketIds.take();
    connection.openHandshakes.add(packetId);
    if (connection.sessionExpirySeconds === 0) return;
    const key = sessionKey(connection);
    let ofSession = this.#bySession.get(key);
    if (ofSession === undefined) {
      ofSession = new Map();
      this.#bySession.set(key, ofSession);
    }
    if (!ofSession.has(packetId)) this.#open += 1;
    ofSession.set(packetId, { contentCrc: contentCrc(topic, payload), bytes: payload.length });
    if (this.#open > MAX_OPEN) this.#forgetOldest();
  }

  /** Returns whether the handshake was open. */
  completed(connection: Connection, packetId: number): boolean {
    const { openHandshakes } = connection;
    const isOpen = openHandshakes?.has(packetId) === true;
    if (openHandshakes?.delete(packetId) === 0) {
      connection.openHandshakes = undefined;
      openHandshakes.giveBack();
    }
    if (connection.sessionExpirySeconds === 0) return isOpen;
    const key = sessionKey(connection);
    const ofSession = this.#bySession.get(key);
    if (ofSession?.delete(packetId) !== true) return isOpen;
    this.#open -= 1;
    if (ofSession.size === 0) this.#bySession.delete(key);
    return true;
  }

  sessionEnded(owner: SessionOwner): void {
    this.#forget(sessionKey(owner));
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

function contentCrc(topic: string, payload: Buffer): number {
  return crc32(payload, crc32(topic));
}
