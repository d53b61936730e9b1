import { crc32 } from 'node:zlib';

interface OpenPublish {
  readonly contentCrc: number;
  readonly bytes: number;
}

/** Limit for all clients together: a device that never completes its handshakes must not fill the memory. */
const MAX_OPEN = 100_000;

/** Whose handshakes they are: another user with the same client id must not complete them, nor have its packets taken for them. */
export interface HandshakeOwner {
  readonly user: string;
  readonly clientId: string;
}

/**
 * OpenHandshakes keeps the QoS 2 packets that are stored and whose PUBREL is outstanding, by user, client id and packet id,
 * so that a retransmission is answered and not stored again. A packet counts as one only with the DUP flag
 * [MQTT-3.3.1-1] and the same content: a client that lost its session may use the id for something new.
 * Kept over a reconnect unless the session was clean; forgotten at a restart (at least once, never a loss).
 */
export class OpenHandshakes {
  readonly #byOwner = new Map<string, Map<number, OpenPublish>>();
  #open = 0;

  isRetransmission(
    owner: HandshakeOwner,
    packetId: number,
    dup: boolean,
    topic: string,
    payload: Buffer,
  ): boolean {
    if (!dup) return false;
    const open = this.#byOwner.get(keyOf(owner))?.get(packetId);
    return (
      open !== undefined && open.bytes === payload.length && open.contentCrc === contentCrc(topic, payload)
    );
  }

  opened(owner: HandshakeOwner, packetId: number, topic: string, payload: Buffer): void {
    const key = keyOf(owner);
    let ofClient = this.#byOwner.get(key);
    if (ofClient === undefined) {
      ofClient = new Map();
      this.#byOwner.set(key, ofClient);
    }
    if (!ofClient.has(packetId)) this.#open += 1;
    ofClient.set(packetId, { contentCrc: contentCrc(topic, payload), bytes: payload.length });
    if (this.#open > MAX_OPEN) this.#forgetOldestClient();
  }

  completed(owner: HandshakeOwner, packetId: number): void {
    const key = keyOf(owner);
    const ofClient = this.#byOwner.get(key);
    if (ofClient?.delete(packetId) !== true) return;
    this.#open -= 1;
    if (ofClient.size === 0) this.#byOwner.delete(key);
  }

  sessionEnded(owner: HandshakeOwner): void {
    this.#forget(keyOf(owner));
  }

  #forget(key: string): void {
    this.#open -= this.#byOwner.get(key)?.size ?? 0;
    this.#byOwner.delete(key);
  }

  #forgetOldestClient(): void {
    const oldest = this.#byOwner.keys().next().value;
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
