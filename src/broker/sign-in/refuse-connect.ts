import type { Connection } from '../connection/connection.js';
import { connack } from '../protocol/encode-packets.js';
import type { BrokerRefusal } from '../refusals.js';

/** Counts why a CONNECT is refused, answers it, and ends the connection; with `returnCode` 0 it gets no answer. */
export function refuseConnect(
  connection: Connection,
  reason: BrokerRefusal,
  detail: string,
  returnCode: number,
): void {
  // It was never connected.
  connection.will = undefined;
  if (returnCode === 0) {
    connection.close(reason, detail);
    return;
  }
  connection.reject(reason, detail);
  connection.write(connack(false, returnCode));
  connection.leave();
}
