/** A packet that a broker has sent, described so that a case compares it with one line. */
export interface ReceivedPacket {
  readonly line: string;
  /** Of a PUBLISH with QoS 1 or 2, which the line does not name. */
  readonly id: number;
}

/** Cuts what a broker sends into packets. It knows only those that a server sends, and throws at any other bytes. */
export class ReceivedPackets {
  #rest: Buffer = Buffer.alloc(0);

  /** The packets that are complete with these bytes. */
  add(bytes: Buffer): ReceivedPacket[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const packets: ReceivedPacket[] = [];
    for (let one = this.#take(); one !== undefined; one = this.#take()) packets.push(one);
    return packets;
  }

  #take(): ReceivedPacket | undefined {
    let length = 0;
    for (let at = 1; at < this.#rest.length && at <= 4; at += 1) {
      const byte = this.#rest[at] ?? 0;
      length |= (byte & 0x7f) << (7 * (at - 1));
      if (byte >= 0x80) continue;
      const end = at + 1 + length;
      if (this.#rest.length < end) return undefined;
      const [first = 0] = this.#rest;
      const body = this.#rest.subarray(at + 1, end);
      this.#rest = this.#rest.subarray(end);
      return describe(first, body);
    }
    return undefined;
  }
}

const ACKNOWLEDGEMENTS = new Map([
  [0x40, 'PUBACK'],
  [0x50, 'PUBREC'],
  [0x62, 'PUBREL'],
  [0x70, 'PUBCOMP'],
  [0xb0, 'UNSUBACK'],
]);

function describe(first: number, body: Buffer): ReceivedPacket {
  if (first >> 4 === 3) return describePublish(first, body);
  const acknowledgement = ACKNOWLEDGEMENTS.get(first);
  if (acknowledgement !== undefined && body.length === 2) {
    return { line: `${acknowledgement} ${body.readUInt16BE()}`, id: body.readUInt16BE() };
  }
  if (first === 0x20 && body.length === 2) {
    return { line: `CONNACK present=${body[0]} code=${body[1]}`, id: 0 };
  }
  if (first === 0x90 && body.length > 2) {
    const id = body.readUInt16BE();
    return { line: `SUBACK ${id} [${[...body.subarray(2)].join(' ')}]`, id };
  }
  if (first === 0xd0 && body.length === 0) return { line: 'PINGRESP', id: 0 };
  return { line: `malformed ${Buffer.concat([Buffer.from([first]), body]).toString('hex')}`, id: 0 };
}

function describePublish(first: number, body: Buffer): ReceivedPacket {
  const qos = (first >> 1) & 3;
  const topicEnd = 2 + body.readUInt16BE();
  const start = qos === 0 ? topicEnd : topicEnd + 2;
  const flags = `${(first & 8) === 0 ? '' : ' dup'}${(first & 1) === 0 ? '' : ' retain'}`;
  const topic = body.subarray(2, topicEnd).toString();
  return {
    line: `PUBLISH q${qos}${flags} ${topic} = ${body.subarray(start)}`,
    id: qos === 0 ? 0 : body.readUInt16BE(topicEnd),
  };
}
