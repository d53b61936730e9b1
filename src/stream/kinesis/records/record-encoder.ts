import type { StreamRecord } from '../../stream.js';
import { CloudEventEncoder } from './cloud-event-encoder.js';

/**
 * How a record goes into Kinesis. `cloudevents` keeps all of it. `raw` is the payload alone: topic, client id, QoS and
 * receive time are lost, and a payload that is itself a CloudEvent or an aggregate will be read as one.
 * `gateway` names this gateway in `source`. The result of `raw` is the record's own buffer.
 */
export function recordEncoder(
  format: 'cloudevents' | 'raw',
  gateway: string,
): (record: StreamRecord) => Buffer | Uint8Array {
  if (format === 'raw') return ({ payload }) => payload;
  const encoder = new CloudEventEncoder(gateway);
  return (record) => encoder.encode(record);
}
