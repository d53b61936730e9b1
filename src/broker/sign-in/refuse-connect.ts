import type { Connection } from '../connection/connection.js';
import { connack } from '../protocol/encode-packets.js';
import { connack5 } from '../protocol/encode-packets-5.js';
import type { PacketFault } from '../protocol/packets.js';
import { reasonCodeOf, reasonStringOf, returnCodeOf } from '../reason-codes.js';
import type { BrokerRefusal } from '../refusals.js';

/**
 * Counts why a CONNECT is refused, answers it, and ends the connection. A `fault` has codes of its own; before MQTT 5 one without
 * a return code gets no answer.
 */
export function refuseConnect(
  connection: Connection,
  reason: BrokerRefusal,
  detail: string,
  fault?: PacketFault,
): void {
  // It was never connected.
  connection.will = undefined;
  const answer = connection.level === 5 ? refusal5(reason, detail, fault) : refusal(reason, fault);
  if (answer === undefined) {
    connection.close(reason, detail);
    return;
  }
  connection.reject(reason, detail);
  connection.write(answer);
  connection.leave();
}

function refusal(reason: BrokerRefusal, fault: PacketFault | undefined): Buffer | undefined {
  const returnCode = fault?.returnCode ?? returnCodeOf(reason);
  return returnCode === 0 ? undefined : connack(false, returnCode);
}

function refusal5(reason: BrokerRefusal, detail: string, fault: PacketFault | undefined): Buffer {
  const reasonCode = fault?.reasonCode ?? reasonCodeOf(reason);
  return connack5({ isSessionPresent: false, reasonCode, reasonString: reasonStringOf(reason, detail) });
}
