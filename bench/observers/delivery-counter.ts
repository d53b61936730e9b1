const PUBLISH = 3;
const PUBACK_BYTES = 4;

/**
 * DeliveryCounter counts the messages in the bytes that a subscriber is sent, and makes the acknowledgements that they need. It
 * looks at the headers only: the observer shares the cores with what is measured.
 */
export class DeliveryCounter {
  bytes = 0;
  messages = 0;
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes of the present packet that are still to come, and need not be looked at. */
  #passing = 0;

  /** Returns the PUBACKs for what these bytes complete the header of; undefined when there are none. */
  take(bytes: Buffer): Buffer | undefined {
    this.bytes += bytes.length;
    const skipped = Math.min(this.#passing, bytes.length);
    this.#passing -= skipped;
    const fresh = bytes.subarray(skipped);
    const all = this.#rest.length === 0 ? fresh : Buffer.concat([this.#rest, fresh]);
    const acknowledged: number[] = [];
    let at = 0;
    for (;;) {
      const end = this.#header(all, at, acknowledged);
      if (end === undefined) break;
      if (end > all.length) {
        this.#passing = end - all.length;
        at = all.length;
        break;
      }
      at = end;
    }
    this.#rest = Buffer.from(all.subarray(at));
    return acknowledged.length === 0 ? undefined : pubacks(acknowledged);
  }

  /** Where the packet at `at` ends; undefined while what is needed of it has not arrived. */
  #header(all: Buffer, at: number, acknowledged: number[]): number | undefined {
    let length = 0;
    let body = at + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = all[body];
      if (byte === undefined) return undefined;
      body += 1;
      length += (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const first = all[at]!;
    if (first >> 4 !== PUBLISH) return body + length;
    if ((first & 0x06) !== 0) {
      if (body + 2 > all.length) return undefined;
      const packetId = body + 2 + all.readUInt16BE(body);
      if (packetId + 2 > all.length) return undefined;
      acknowledged.push(all.readUInt16BE(packetId));
    }
    this.messages += 1;
    return body + length;
  }
}

function pubacks(packetIds: readonly number[]): Buffer {
  const packets = Buffer.allocUnsafe(packetIds.length * PUBACK_BYTES);
  for (const [at, packetId] of packetIds.entries()) {
    packets.writeUInt16BE(0x4002, at * PUBACK_BYTES);
    packets.writeUInt16BE(packetId, at * PUBACK_BYTES + 2);
  }
  return packets;
}
