import { randomUUID } from 'node:crypto';
import { clientIdFault, isValidName, MAX_USER_NAME_BYTES, topicNameFault } from '../../lib/mqtt-names.js';
import type { Connection } from '../connection/connection.js';
import { Mqtt5State } from '../connection/mqtt5-state.js';
import { decodeConnect, levelOfConnect } from '../protocol/decode-connect.js';
import { type ConnectPacket, PacketFault, REASON_CODES } from '../protocol/packets.js';
import { RETURN_CODES } from '../reason-codes.js';
import { probePeer } from '../transport/probe-peer.js';
import { refuseConnect } from './refuse-connect.js';
import type { SignInGate } from './sign-in-gate.js';

/** The longest keep alive of MQTT, and so no limit of the operator. */
const MAX_KEEP_ALIVE_MS = 65_535_000;

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
    // Before anything is found wrong: the answer has the form of the version.
    connection.level = levelOfConnect(body);
    const packet = decodeConnect(body);
    if (packet instanceof PacketFault) {
      const reason =
        packet.reasonCode === REASON_CODES.unsupportedProtocolVersion
          ? 'protocol-version'
          : 'connect-malformed';
      refuseConnect(connection, reason, packet.detail, { fault: packet });
      return;
    }
    const { clientId, userName } = packet;
    connection.user = userName ?? '';
    connection.clientId = clientId;
    if (packet.level === 5) connection.mqtt5 = new Mqtt5State(packet);
    const fault = connectFault(packet);
    if (fault !== undefined) {
      refuseConnect(connection, 'connect-malformed', fault.detail, { fault });
      return;
    }
    this.#take(connection, packet);
    connection.connectRead();
    this.#signInGate.signIn(
      connection,
      clientId === '' ? newClientId() : clientId,
      userName,
      packet.password,
    );
  }

  /** Keeps what CONNECT says. */
  #take(connection: Connection, packet: ConnectPacket): void {
    connection.will = packet.will;
    connection.isCleanStart = packet.isCleanStart;
    connection.sessionExpirySeconds = packet.sessionExpirySeconds;
    connection.isBridge = packet.isBridge;
    connection.keepAliveMs = this.#keepAliveMs(packet.keepAliveSeconds);
    if (packet.keepAliveSeconds === 0) probePeer(connection.stream);
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
  if (idFault !== undefined) {
    return new PacketFault(idFault, RETURN_CODES.identifierRejected, REASON_CODES.clientIdentifierNotValid);
  }
  if (packet.userName !== undefined && !isValidName(packet.userName, MAX_USER_NAME_BYTES)) {
    const detail = 'user name too long or with control characters';
    return new PacketFault(detail, RETURN_CODES.badCredentials, REASON_CODES.badUserNameOrPassword);
  }
  if (packet.authenticationMethod !== undefined) {
    return new PacketFault(NO_METHOD, RETURN_CODES.badCredentials, REASON_CODES.badAuthenticationMethod);
  }
  if (packet.will === undefined) return undefined;
  const fault = topicNameFault(packet.will.topic);
  // One that Sluice does not take is parked when it is published, like any other message.
  if (fault?.kind === 'malformed') {
    return new PacketFault(
      `will: ${fault.detail}`,
      RETURN_CODES.notAuthorized,
      REASON_CODES.topicNameInvalid,
    );
  }
  return undefined;
}

const NO_METHOD = 'enhanced authentication is not available: leave out the authentication method';

/** For a client that leaves its id to the broker [MQTT-3.1.3-6]. */
function newClientId(): string {
  return `auto-${randomUUID()}`;
}
