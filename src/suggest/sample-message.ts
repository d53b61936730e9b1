import type { StreamRecord } from '../stream/stream.js';

/** A message that a rule is suggested from. */
export interface SampleMessage extends StreamRecord {
  /** Whether `receivedAtNs` is when the gateway received it; otherwise it is only when the sample was read. */
  readonly isReceiveTimeKnown: boolean;
}
