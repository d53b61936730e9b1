import type { QoS } from '../protocol/packets.js';
import { lengthOfDelivery, writeDelivery } from '../protocol/write-delivery.js';

/** A whole PUBLISH of MQTT 3.1.1 for a subscriber, in memory of Node's pool: it leaves in the same turn of the event loop. */
export function encodeDelivery(
  topic: Buffer,
  payload: Buffer,
  qos: QoS,
  packetId: number,
  isRetained: boolean,
  isDuplicate = false,
): Buffer {
  const packet = Buffer.allocUnsafe(lengthOfDelivery(topic.length, payload.length, qos));
  writeDelivery(packet, 0, topic, payload, qos, packetId, isRetained, isDuplicate);
  return packet;
}
