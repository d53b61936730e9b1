/** Sets that are kept for the next connection. */
const MAX_UNUSED = 64;

const unused: PacketIds[] = [];

/**
 * PacketIds is a set of packet ids: a bit for each of the 65,536. A connection has one only while it has handshakes open:
 * ten thousand idle clients would otherwise hold 80 MB of them.
 */
export class PacketIds {
  readonly #bits = new Uint8Array(8 * 1024);
  #size = 0;

  /** An empty one. */
  static take(): PacketIds {
    return unused.pop() ?? new PacketIds();
  }

  get size(): number {
    return this.#size;
  }

  has(packetId: number): boolean {
    return ((this.#bits[packetId >> 3] ?? 0) & (1 << (packetId & 7))) !== 0;
  }

  add(packetId: number): void {
    if (this.has(packetId)) return;
    this.#bits[packetId >> 3]! |= 1 << (packetId & 7);
    this.#size += 1;
  }

  /** Returns how many are left. */
  delete(packetId: number): number {
    if (!this.has(packetId)) return this.#size;
    this.#bits[packetId >> 3]! &= ~(1 << (packetId & 7));
    this.#size -= 1;
    return this.#size;
  }

  /** Call it when it is empty, and use it no more. */
  giveBack(): void {
    if (this.#size === 0 && unused.length < MAX_UNUSED) unused.push(this);
  }
}
