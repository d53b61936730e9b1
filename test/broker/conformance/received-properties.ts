/** A reader of the bytes of one packet; it throws behind their end. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Buffer {
    if (length > this.left) throw new Error('the packet is too short');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  u8 = (): number => this.take(1).readUInt8();
  u16 = (): number => this.take(2).readUInt16BE();
  u32 = (): number => this.take(4).readUInt32BE();
  text = (): string => this.take(this.u16()).toString();
  hex = (): string => this.take(this.u16()).toString('hex');

  varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      // The least number of bytes [MQTT-1.5.5-1].
      if (byte === 0 && shift > 0) throw new Error('a variable byte integer is too long');
      if (byte < 0x80) return value;
    }
    throw new Error('a variable byte integer has five bytes');
  };
}

type Form = 'u8' | 'u16' | 'u32' | 'varint' | 'text' | 'hex' | 'pair';

const CONNACK = 2;
const PUBLISH = 3;
const DISCONNECT = 14;
const AUTH = 15;
const WITH_REASON = [CONNACK, 4, 5, 6, 7, 9, 11, DISCONNECT, AUTH];

/** The properties that a server sends (section 2.2.2.2): their form, and the types of packets that may have them. */
const PROPERTIES: ReadonlyMap<number, readonly [name: string, form: Form, types: readonly number[]]> =
  new Map([
    [0x01, ['payloadFormat', 'u8', [PUBLISH]]],
    [0x02, ['messageExpiry', 'u32', [PUBLISH]]],
    [0x03, ['contentType', 'text', [PUBLISH]]],
    [0x08, ['responseTopic', 'text', [PUBLISH]]],
    [0x09, ['correlationData', 'hex', [PUBLISH]]],
    [0x0b, ['subscriptionIdentifier', 'varint', [PUBLISH]]],
    [0x11, ['sessionExpiry', 'u32', [CONNACK]]],
    [0x12, ['assignedClientId', 'text', [CONNACK]]],
    [0x13, ['serverKeepAlive', 'u16', [CONNACK]]],
    [0x15, ['authenticationMethod', 'text', [CONNACK, AUTH]]],
    [0x16, ['authenticationData', 'hex', [CONNACK, AUTH]]],
    [0x1a, ['responseInformation', 'text', [CONNACK]]],
    [0x1c, ['serverReference', 'text', [CONNACK, DISCONNECT]]],
    [0x1f, ['reasonString', 'text', WITH_REASON]],
    [0x21, ['receiveMaximum', 'u16', [CONNACK]]],
    [0x22, ['topicAliasMaximum', 'u16', [CONNACK]]],
    [0x23, ['topicAlias', 'u16', [PUBLISH]]],
    [0x24, ['maximumQos', 'u8', [CONNACK]]],
    [0x25, ['retainAvailable', 'u8', [CONNACK]]],
    [0x26, ['userProperty', 'pair', [PUBLISH, ...WITH_REASON]]],
    [0x27, ['maximumPacketSize', 'u32', [CONNACK]]],
    [0x28, ['wildcardsAvailable', 'u8', [CONNACK]]],
    [0x29, ['identifiersAvailable', 'u8', [CONNACK]]],
    [0x2a, ['sharedAvailable', 'u8', [CONNACK]]],
  ]);

const REPEATED = ['userProperty', 'subscriptionIdentifier'];

/**
 * The properties of a packet of this type as `name=value`, sorted by name; those of one name in their order. It throws at what
 * a server must not send.
 */
export function readProperties(type: number, reader: ByteReader): string[] {
  const block = new ByteReader(reader.take(reader.varint()));
  const found: (readonly [name: string, value: string | number])[] = [];
  while (block.left > 0) {
    const id = block.varint();
    const [name = '', form = 'u8', types = []] = PROPERTIES.get(id) ?? [];
    if (!types.includes(type)) throw new Error(`property ${id} in a packet of type ${type}`);
    if (!REPEATED.includes(name) && found.some(([other]) => other === name)) {
      throw new Error(`${name} comes twice`);
    }
    found.push([name, form === 'pair' ? `${block.text()}:${block.text()}` : block[form]()]);
  }
  return found
    .toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`);
}
