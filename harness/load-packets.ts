const RECEIVE_MAXIMUM = 0x21;

export interface LoadCredential {
  readonly userName: string;
  readonly password: string;
}

/** As the length of a packet is written. */
export function lengthBytes(length: number): number[] {
  const bytes: number[] = [];
  let left = length;
  do {
    bytes.push((left % 128) | (left >= 128 ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return bytes;
}

export function pubrel(packetId: number): Buffer {
  return Buffer.from([0x62, 2, packetId >> 8, packetId & 0xff]);
}

/** Without a clean session, so that a QoS 2 handshake survives a reconnect; with MQTT 5 for an hour. */
export function connectPacket(
  version: 4 | 5,
  clientId: string,
  credential: LoadCredential | undefined,
): Buffer {
  const names = credential === undefined ? [clientId] : [clientId, credential.userName, credential.password];
  const flags = credential === undefined ? 0 : 0xc0;
  const properties = version === 5 ? [5, 0x11, 0, 0, 0x0e, 0x10] : [];
  const body = Buffer.concat([
    Buffer.from([0, 4, ...Buffer.from('MQTT'), version, flags, 0, 60, ...properties]),
    ...names.map(withLength),
  ]);
  return Buffer.concat([Buffer.from([0x10, ...lengthBytes(body.length)]), body]);
}

/** That of a CONNACK of MQTT 5, in which everything else is skipped; without one, and before MQTT 5, 65,535. */
export function receiveMaximumOf(connack: Buffer): number {
  for (let at = 3; at < connack.length; ) {
    const identifier = connack[at]!;
    if (identifier === RECEIVE_MAXIMUM) return connack.readUInt16BE(at + 1);
    at += 1 + sizeOfProperty(identifier, connack, at + 1);
  }
  return 0xffff;
}

/** Of the properties that CONNACK may have (MQTT 5 section 3.2.2.3). */
function sizeOfProperty(identifier: number, bytes: Buffer, at: number): number {
  const text = () => 2 + bytes.readUInt16BE(at);
  switch (identifier) {
    case 0x11: // session expiry interval
    case 0x27: // maximum packet size
      return 4;
    case 0x13: // server keep alive
    case 0x22: // topic alias maximum
      return 2;
    case 0x24: // maximum QoS
    case 0x25: // retain available
    case 0x28: // wildcard subscriptions available
    case 0x29: // subscription identifiers available
    case 0x2a: // shared subscriptions available
      return 1;
    case 0x12: // assigned client identifier
    case 0x1f: // reason string
      return text();
    default:
      throw new Error(`CONNACK with a property ${identifier}`);
  }
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}
