import type { StreamRecord } from '../../src/stream/stream.js';
import { cityPayload, cityTopic } from '../processes/city-reading.js';

export const DEVICES = 20;
/** Inside the window of the rule's time whenever the bench runs: the rule counts from the receive time. */
const BASE_MS = 1_790_000_000_000;

/** The same records every time, as the log hands them out. */
export function cityRecords(count: number): readonly StreamRecord[] {
  return Array.from({ length: count }, (_, n) => {
    const device = n % DEVICES;
    return {
      receivedAtNs: BigInt(BASE_MS + n) * 1_000_000n,
      topic: cityTopic(device),
      clientId: `bench-${device}`,
      qos: 1,
      payload: Buffer.from(cityPayload(device, Math.floor(n / DEVICES), BASE_MS)),
    };
  });
}
