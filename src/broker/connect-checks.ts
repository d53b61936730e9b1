import type { ConnectPacket } from 'aedes';
import { isFitName, MAX_CLIENT_ID_BYTES, MAX_USER_NAME_BYTES, topicNameFault } from './names.js';

/** What MQTT 3.1.1 asks of a CONNECT and the plain broker lets pass; `undefined` when all is well. */
export function connectFault(packet: ConnectPacket): string | undefined {
  if (!isFitName(packet.clientId ?? '', MAX_CLIENT_ID_BYTES))
    return 'client id too long or with control characters';
  if (packet.username !== undefined && !isFitName(packet.username, MAX_USER_NAME_BYTES)) {
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

/** Seconds to put in the place of the device's own keepalive: 0 would mean never, and a dead peer stays for ever. */
export function cappedKeepaliveSeconds(askedSeconds: number, maxSeconds: number): number {
  return askedSeconds === 0 ? maxSeconds : Math.min(askedSeconds, maxSeconds);
}
