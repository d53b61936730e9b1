import { systemErrorCode } from '../../lib/errors.js';
import type { BrokerRefusal } from '../refusals.js';

/**
 * Why a connection ends whose stream has failed; `undefined` when the client or the network has ended it, which is no
 * refusal. `isConnected`: it has had its CONNACK.
 */
export function streamFailure(error: Error, isConnected: boolean): BrokerRefusal | undefined {
  const code = systemErrorCode(error);
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 'packet-too-large';
  if (code?.startsWith('WS_ERR_') === true) return isConnected ? 'protocol-violation' : 'not-mqtt';
  return code === undefined ? 'unexpected' : undefined;
}
