const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  u: 1_000n,
  µ: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};
const PART = /(\d+)(ns|ms|[uµsmhdw])/g;
const WHOLE = /^(?:\d+(?:ns|ms|[uµsmhdw]))+$/;
const MAX_NS = 2n ** 63n - 1n;

/** Reads a duration such as `1h30m` as ns; undefined for another text and for one that is longer than 292 years. */
export function durationNs(text: string): bigint | undefined {
  if (!WHOLE.test(text)) return undefined;
  let ns = 0n;
  for (const [, count, unit] of text.matchAll(PART)) ns += BigInt(count!) * UNITS[unit!]!;
  return ns > MAX_NS ? undefined : ns;
}
