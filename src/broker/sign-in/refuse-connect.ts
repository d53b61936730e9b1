import type { Connection } from '../connection/connection.js';
import { connack } from '../protocol/encode-packets.js';
import { connack5 } from '../protocol/encode-packets-5.js';
import { type PacketFault, REASON_CODES } from '../protocol/packets.js';
import { connackCodeOf, reasonStringOf, returnCodeOf } from '../reason-codes.js';
import type { BrokerRefusal } from '../refusals.js';

export interface RefuseOptions {
  /** It has codes of its own; before MQTT 5 one without a return code gets no answer. */
  readonly fault?: PacketFault;
  /** Another broker that the client may use. */
  readonly serverReference?: string | undefined;
}

/** Counts why a CONNECT is refused, answers it, and ends the connection. */
export function refuseConnect(
  connection: Connection,
  reason: BrokerRefusal,
  detail: string,
  options: RefuseOptions = {},
): void {
  // It was never connected.
  connection.will = undefined;
  const answer =
    connection.level === 5 ? refusal5(connection, reason, detail, options) : refusal(reason, options);
  // [MQTT-3.1.2-24]
  if (answer === undefined || answer.length > (connection.maximumPacketBytes ?? answer.length)) {
    connection.close(reason, detail);
    return;
  }
  connection.reject(reason, detail);
  connection.write(answer);
  connection.leave();
}

function refusal(reason: BrokerRefusal, { fault }: RefuseOptions): Buffer | undefined {
  const returnCode = fault?.returnCode ?? returnCodeOf(reason);
  return returnCode === 0 ? undefined : connack(false, returnCode);
}

function refusal5(
  { maximumPacketBytes }: Connection,
  reason: BrokerRefusal,
  detail: string,
  { fault, serverReference }: RefuseOptions,
): Buffer {
  const ownCode = fault?.reasonCode ?? connackCodeOf(reason);
  const reasonCode = serverReference === undefined ? ownCode : REASON_CODES.useAnotherServer;
  const reasonString = reasonStringOf(reason, detail);
  return connack5({ isSessionPresent: false, reasonCode, reasonString, serverReference }, maximumPacketBytes);
}
