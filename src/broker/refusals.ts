/** Why a packet or connection was turned away: closed list behind a metric's label. */
export const BROKER_REFUSALS = [
  'too-many-connections',
  'packet-too-large',
  'connect-malformed',
  'not-authenticated',
  'topic-invalid',
  'publish-malformed',
  'subscribe-malformed',
] as const;
export type BrokerRefusal = (typeof BROKER_REFUSALS)[number];

/** Counts of what was turned away; only ever grow. */
export type RefusalCounts = Record<BrokerRefusal, number>;

export function createRefusalCounts(): RefusalCounts {
  return Object.fromEntries(BROKER_REFUSALS.map((refusal) => [refusal, 0])) as RefusalCounts;
}
