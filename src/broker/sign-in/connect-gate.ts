import { randomUUID } from 'node:crypto';
import { clientIdFault, isValidName, MAX_USER_NAME_BYTES, topicNameFault } from '../../lib/mqtt-names.js';
import type { Connection } from '../connection/connection.js';
import { decodeConnect } from '../protocol/decode-connect.js';
import { type ConnectPacket, PacketFault } from '../protocol/packets.js';
import { probePeer } from '../transport/probe-peer.js';
import { refuseConnect } from './refuse-connect.js';
import type { SignInGate } from './sign-in-gate.js';

/** The longest keep alive of MQTT, and so no limit of the operator. */
const MAX_KEEP_ALIVE_MS = 65_535_000;

/** Return codes of CONNACK (MQTT 3.1.1 section 3.2.2.3). */
const UNACCEPTABLE_VERSION = 1;
const IDENTIFIER_REJECTED = 2;
const BAD_CREDENTIALS = 4;
const NOT_AUTHORIZED = 5;

/** ConnectGate checks that every CONNECT is well formed; SignInGate then decides it. */
export class ConnectGate {
  readonly #maxKeepAliveMs: number;
  readonly #signInGate: SignInGate;

  constructor(maxKeepAliveMs: number, signInGate: SignInGate) {
    this.#maxKeepAliveMs = maxKeepAliveMs;
    this.#signInGate = signInGate;
  }

  /** `body` is what is behind the fixed header, valid during the call. */
  connect(connection: Connection, body: Buffer): void {
    const packet = decodeConnect(body);
    if (packet instanceof PacketFault) {
      const { returnCode, detail } = packet;
      const reason = returnCode === UNACCEPTABLE_VERSION ? 'protocol-version' : 'connect-malformed';
      refuseConnect(connection, reason, detail, returnCode);
      return;
    }
    const { clientId, userName, will } = packet;
    connection.user = userName ?? '';
    connection.clientId = clientId;
    const fault = connectFault(packet);
    if (fault !== undefined) {
      refuseConnect(connection, 'connect-malformed', fault.detail, fault.returnCode);
      return;
    }
    connection.will = will;
    connection.isCleanSession = packet.isCleanStart;
    connection.isBridge = packet.isBridge;
    connection.keepAliveMs = this.#keepAliveMs(packet.keepAliveSeconds);
    if (packet.keepAliveSeconds === 0) probePeer(connection.stream);
    connection.connectRead();
    this.#signInGate.signIn(
      connection,
      clientId === '' ? newClientId() : clientId,
      userName,
      packet.password,
    );
  }

  /** 0 means none, unless the operator has set a limit. */
  #keepAliveMs(seconds: number): number {
    if (seconds === 0) return this.#maxKeepAliveMs < MAX_KEEP_ALIVE_MS ? this.#maxKeepAliveMs : 0;
    return Math.min(seconds * 1000, this.#maxKeepAliveMs);
  }
}

/** What the broker does not accept of a CONNECT that is well formed; `undefined` when it accepts it. */
function connectFault(packet: ConnectPacket): PacketFault | undefined {
  const idFault = clientIdFault(packet.clientId);
  if (idFault !== undefined) return new PacketFault(idFault, IDENTIFIER_REJECTED);
  if (packet.userName !== undefined && !isValidName(packet.userName, MAX_USER_NAME_BYTES)) {
    return new PacketFault('user name too long or with control characters', BAD_CREDENTIALS);
  }
  if (packet.will === undefined) return undefined;
  const fault = topicNameFault(packet.will.topic);
  // One that Sluice does not take is parked when it is published, like any other message.
  return fault?.kind === 'malformed' ? new PacketFault(`will: ${fault.detail}`, NOT_AUTHORIZED) : undefined;
}

/** For a client that leaves its id to the broker [MQTT-3.1.3-6]. */
function newClientId(): string {
  return `auto-${randomUUID()}`;
}
