import type { Outlet } from './deliveries.js';

/** What has become of the messages for clients. */
export class SentCounts {
  /** Packets sent. */
  sent = 0;
  /** QoS 0 messages that were not sent because the client was too slow. */
  skipped = 0;
  /** Messages that were not sent because they had expired [MQTT-3.3.2-5]. */
  expired = 0;
  /** Messages that were not sent because the client does not take packets of their size [MQTT-3.1.2-24]. */
  tooLarge = 0;
}

export function isTooLarge({ maximumPacketBytes }: Outlet, packet: Buffer): boolean {
  return maximumPacketBytes !== undefined && packet.length > maximumPacketBytes;
}
