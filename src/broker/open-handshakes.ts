import { crc32 } from 'node:zlib';

interface OpenPublish {
  readonly contentCrc: number;
  readonly bytes: number;
}

/** Limit for all clients together: a device that never completes its handshakes must not fill the memory. */
const MAX_OPEN = 100_000;

/**
 * OpenHandshakes keeps the QoS 2 packets that are stored and whose PUBREL is outstanding, by client id and packet id, so
 * that a retransmission is answered and not stored again. A packet counts as one only with the DUP flag
 * [MQTT-3.3.1-1] and the same content: a client that lost its session may use the id for something new.
 * Kept over a reconnect unless the session was clean; forgotten at a restart (at least once, never a loss).
 */
export class OpenHandshakes {
  readonly #byClient = new Map<string, Map<number, OpenPublish>>();
  #open = 0;

  isRetransmission(
    clientId: string,
    packetId: number,
    dup: boolean,
    topic: string,
    payload: Buffer,
  ): boolean {
    if (!dup) return false;
    const open = this.#byClient.get(clientId)?.get(packetId);
    return (
      open !== undefined && open.bytes === payload.length && open.contentCrc === contentCrc(topic, payload)
    );
  }

  opened(clientId: string, packetId: number, topic: string, payload: Buffer): void {
    let ofClient = this.#byClient.get(clientId);
    if (ofClient === undefined) {
      ofClient = new Map();
      this.#byClient.set(clientId, ofClient);
    }
    if (!ofClient.has(packetId)) this.#open += 1;
    ofClient.set(packetId, { contentCrc: contentCrc(topic, payload), bytes: payload.length });
    if (this.#open > MAX_OPEN) this.#forgetOldestClient();
  }

  completed(clientId: string, packetId: number): void {
    const ofClient = this.#byClient.get(clientId);
    if (ofClient?.delete(packetId) !== true) return;
    this.#open -= 1;
    if (ofClient.size === 0) this.#byClient.delete(clientId);
  }

  sessionEnded(clientId: string): void {
    this.#open -= this.#byClient.get(clientId)?.size ?? 0;
    this.#byClient.delete(clientId);
  }

  #forgetOldestClient(): void {
    const oldest = this.#byClient.keys().next().value;
    if (oldest !== undefined) this.sessionEnded(oldest);
  }
}

function contentCrc(topic: string, payload: Buffer): number {
  return crc32(payload, crc32(topic));
}
