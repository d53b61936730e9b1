import type { Connection } from '../connection/connection.js';
import { TOPIC_ALIAS_MAXIMUM } from '../connection/mqtt5-state.js';
import { bytesOfLength, connack } from '../protocol/encode-packets.js';
import { connack5 } from '../protocol/encode-packets-5.js';

/** What the broker says of itself in CONNACK. */
export interface GrantedFacts {
  readonly isSessionPresent: boolean;
  /** How long the session is kept; the client may have asked for more. */
  readonly sessionExpirySeconds: number;
  /** The limit of a remaining length. */
  readonly maxPacketBytes: number;
  /** QoS 1 and 2 packets that the client may have open. */
  readonly receiveMaximum: number;
  /** The id that the broker has made for a client without one. */
  readonly assignedClientId: string | undefined;
}

/** The CONNACK of a client that is granted access. With MQTT 5 it says what differs from what the client asked for. */
export function grantedConnack({ mqtt5, keepAliveMs }: Connection, facts: GrantedFacts): Buffer {
  const { isSessionPresent, sessionExpirySeconds, maxPacketBytes, assignedClientId, receiveMaximum } = facts;
  if (mqtt5 === undefined) return connack(isSessionPresent, 0);
  const { connectExpirySeconds, askedKeepAliveMs } = mqtt5;
  return connack5({
    isSessionPresent,
    reasonCode: 0,
    ...(sessionExpirySeconds === connectExpirySeconds ? {} : { sessionExpirySeconds }),
    receiveMaximum,
    // With the fixed header, which a remaining length does not count.
    maximumPacketBytes: 1 + bytesOfLength(maxPacketBytes) + maxPacketBytes,
    ...(assignedClientId === undefined ? {} : { assignedClientId }),
    topicAliasMaximum: TOPIC_ALIAS_MAXIMUM,
    isSharedAvailable: false,
    // [MQTT-3.2.2-21]
    ...(keepAliveMs === askedKeepAliveMs ? {} : { serverKeepAliveSeconds: Math.floor(keepAliveMs / 1000) }),
  });
}
