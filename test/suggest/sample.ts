import type { SampleMessage } from '../../src/suggest/sample-message.js';

export const RECEIVED_AT = '2026-03-08T20:05:12Z';

/** A message as a gateway received it; a payload that is no text or bytes is JSON. */
export function sample(
  topic: string,
  payload: unknown,
  { at = RECEIVED_AT, isKnown = true }: { readonly at?: string; readonly isKnown?: boolean } = {},
): SampleMessage {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return {
    topic,
    clientId: 'device-1',
    qos: 1,
    receivedAtNs: BigInt(Date.parse(at)) * 1_000_000n,
    payload: Buffer.isBuffer(payload) ? payload : Buffer.from(text),
    isReceiveTimeKnown: isKnown,
  };
}
