/**
 * List prices of Amazon Kinesis Data Streams in US dollars, without tax, discount and free tier. Only what the sizing
 * uses: extended retention, enhanced fan-out, and reading and stream-hours on demand cost extra.
 */
export const PRICES = {
  region: 'us-east-1',
  source: "AWS' public price list",
  asOf: '2026-11',
  shardHour: 0.015,
  millionPutUnits: 0.014,
  onDemandGigabyteIn: 0.08,
} as const;

/** 365 days / 12. */
export const HOURS_A_MONTH = 730;
const SECONDS_A_MONTH = HOURS_A_MONTH * 3_600;

/** On demand AWS counts a record as whole KB of 1,024 bytes [AWS Kinesis pricing, 2026]. */
const ON_DEMAND_STEP_BYTES = 1_024;
const GIGABYTE = 2 ** 30;
/** A PUT payload unit, "25 KB": taken as 25,000 bytes, the dearer reading. */
export const PUT_UNIT_BYTES = 25_000;

/** Dollars for one million Kinesis records of this size, keys included, on a provisioned stream; shards cost extra. */
export function provisionedMillion(recordBytes: number): number {
  return putUnits(recordBytes) * PRICES.millionPutUnits;
}

/** The same on demand, for taking them in. */
export function onDemandMillion(recordBytes: number): number {
  const billedBytes = Math.ceil(recordBytes / ON_DEMAND_STEP_BYTES) * ON_DEMAND_STEP_BYTES;
  return ((1e6 * billedBytes) / GIGABYTE) * PRICES.onDemandGigabyteIn;
}

export function putUnits(recordBytes: number): number {
  return Math.ceil(recordBytes / PUT_UNIT_BYTES);
}

/** Dollars a month. `recordsPerSecond`: Kinesis records. */
export function provisionedMonth(shards: number, recordsPerSecond: number, recordBytes: number): number {
  const millions = (recordsPerSecond * SECONDS_A_MONTH) / 1e6;
  return shards * HOURS_A_MONTH * PRICES.shardHour + millions * provisionedMillion(recordBytes);
}

/** Dollars a month for what comes in; hours of the stream and what is read cost extra. */
export function onDemandMonth(recordsPerSecond: number, recordBytes: number): number {
  return ((recordsPerSecond * SECONDS_A_MONTH) / 1e6) * onDemandMillion(recordBytes);
}
