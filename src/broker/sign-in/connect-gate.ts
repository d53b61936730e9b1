import type { Client, ConnectPacket } from 'aedes';
import { clientIdFault, isValidName, MAX_USER_NAME_BYTES, topicNameFault } from '../../lib/mqtt-names.js';
import { connackOf } from './connack-codes.js';
import type { Sessions } from '../session.js';
import type { AnswerConnect, SignInGate } from './sign-in-gate.js';

/** ConnectGate checks that every CONNECT is well formed; SignInGate then decides it. */
export class ConnectGate {
  readonly #maxKeepaliveSeconds: number;
  readonly #sessions: Sessions;
  readonly #signInGate: SignInGate;
  readonly #withoutId = new WeakSet<Client>();

  constructor(maxKeepaliveMs: number, sessions: Sessions, signInGate: SignInGate) {
    this.#maxKeepaliveSeconds = Math.min(65_535, Math.max(1, Math.floor(maxKeepaliveMs / 1000)));
    this.#sessions = sessions;
    this.#signInGate = signInGate;
  }

  preConnect(
    client: Client,
    packet: ConnectPacket,
    done: (error: Error | null, success: boolean) => void,
  ): void {
    const session = this.#sessions.of(client)!;
    session.clientId = packet.clientId ?? '';
    session.user = packet.username ?? '';
    session.willTopic = packet.will?.topic;
    const version: number | undefined = packet.protocolVersion;
    if (version !== 3 && version !== 4) {
      this.#sessions.reject(client, 'protocol-version', `protocol version ${version} in CONNECT`);
      // Aedes answers it with CONNACK 1 [MQTT-3.1.2-2].
      done(null, true);
      return;
    }
    const fault = connectFault(packet);
    if (fault !== undefined) {
      this.#sessions.reject(client, 'connect-malformed', fault);
      done(new Error(fault), false);
      return;
    }
    session.wantsCleanSession = packet.clean === true;
    // [MQTT-3.1.3-8]; answered with CONNACK 2 in `authenticate`.
    if (session.clientId === '' && packet.clean !== true) this.#withoutId.add(client);
    // Stored sessions would keep an unbounded queue in memory; OpenHandshakes keeps what QoS 2 needs.
    packet.clean = true;
    packet.keepalive = cappedKeepaliveSeconds(packet.keepalive ?? 0, this.#maxKeepaliveSeconds);
    done(null, true);
  }

  authenticate(
    client: Client,
    userName: string | undefined,
    password: Buffer | undefined,
    answer: AnswerConnect,
  ): void {
    if (!this.#withoutId.has(client)) {
      this.#signInGate.authenticate(client, userName, password, answer);
      return;
    }
    const fault = 'client id needed without clean session';
    this.#sessions.reject(client, 'connect-malformed', fault);
    answer(Object.assign(new Error(fault), { returnCode: connackOf('connect-malformed') }), false);
  }
}

/** What is wrong with a CONNECT by MQTT 3.1.1 that aedes does not check; `undefined` when nothing is. */
function connectFault(packet: ConnectPacket): string | undefined {
  const idFault = clientIdFault(packet.clientId ?? '');
  if (idFault !== undefined) return idFault;
  if (packet.username !== undefined && !isValidName(packet.username, MAX_USER_NAME_BYTES)) {
    return 'user name too long or with control characters';
  }
  // [MQTT-3.1.2-22]
  if (packet.password !== undefined && packet.username === undefined) return 'password without user name';
  if (packet.will === undefined) return undefined;
  // [MQTT-3.1.2-14]
  if ((packet.will.qos ?? 0) > 2) return 'will with QoS 3';
  const fault = topicNameFault(packet.will.topic);
  return fault === undefined ? undefined : `will: ${fault}`;
}

/** The keep alive that replaces the device's own: with 0, which means none, a dead peer would stay for ever. */
function cappedKeepaliveSeconds(requestedSeconds: number, maxSeconds: number): number {
  return requestedSeconds === 0 ? maxSeconds : Math.min(requestedSeconds, maxSeconds);
}
