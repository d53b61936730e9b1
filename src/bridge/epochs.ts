/**
 * A receive time is the identity of its record, so no two records of a data directory may share one, whatever the clock
 * does. Times are issued in epochs: within an epoch they rise, and a clock that was set begins a new one.
 *
 * Epochs may cover the same span of time, because a clock that ran ahead for a day passes that day again. They are kept
 * apart by the lowest ten bits of the time: PLAIN times have any value below 992, and a time of lane n has 992 + n. So
 * two epochs may overlap when their lanes differ, and a span of time can be passed 33 times.
 */
export interface Epoch {
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  readonly lane: number;
}

/** The lane of the clock as it is: only one time in 32 is moved, by 32 ns at most. */
export const PLAIN = -1;
/** The records of version 0.1 have any time within their span, so nothing else fits in there. */
export const UNKNOWN = -2;

const LANES = 32;
export const LAST_LANE = LANES - 1;
const GRID_BITS = 10;
const GRID = 1n << BigInt(GRID_BITS);
const FIRST_RESERVED = GRID - BigInt(LANES);

/** Stores hold times of 63 bits: up to 2262. */
export const LAST_TIME_NS = 2n ** 63n - 1n;

/** A place with less room than this is not worth an epoch. */
const LEAST_ROOM_NS = 60_000_000_000n;

/** Where an epoch may issue times: from `firstNs` on, below `endNs`. */
export interface Place {
  readonly lane: number;
  readonly firstNs: bigint;
  readonly endNs: bigint;
}

/** Whether a time may belong to an epoch of the lane PLAIN. */
export function isPlain(ns: bigint): boolean {
  return BigInt.asUintN(GRID_BITS, ns) < FIRST_RESERVED;
}

export function laneOf(ns: bigint): number {
  return isPlain(ns) ? PLAIN : Number(BigInt.asUintN(GRID_BITS, ns) - FIRST_RESERVED);
}

/** The first time of the lane that is not before `atNs`. */
export function firstOfLane(lane: number, atNs: bigint): bigint {
  const rest = BigInt.asUintN(GRID_BITS, atNs);
  if (lane === PLAIN) return rest < FIRST_RESERVED ? atNs : atNs - rest + GRID;
  const wanted = FIRST_RESERVED + BigInt(lane);
  return atNs - rest + wanted + (rest > wanted ? GRID : 0n);
}

/** The first place of the lane that is not before `atNs`, behind every epoch that is in the way. */
export function freeFrom(epochs: readonly Epoch[], lane: number, atNs: bigint): Place {
  const inTheWay = epochs.filter((epoch) => epoch.lane === lane || epoch.lane === UNKNOWN);
  let firstNs = firstOfLane(lane, atNs);
  for (;;) {
    const over = inTheWay.find((epoch) => epoch.firstNs <= firstNs && firstNs <= epoch.lastNs);
    if (over === undefined) break;
    firstNs = firstOfLane(lane, over.lastNs + 1n);
  }
  let endNs = LAST_TIME_NS;
  for (const epoch of inTheWay) {
    if (epoch.firstNs > firstNs && epoch.firstNs < endNs) endNs = epoch.firstNs;
  }
  return { lane, firstNs, endNs };
}

/** The place for a clock that shows `atNs`: there, if any lane is free there, else behind what is in the way. */
export function placeAt(epochs: readonly Epoch[], atNs: bigint): Place {
  const plain = freeFrom(epochs, PLAIN, atNs);
  if (isAt(plain, atNs)) return plain;
  for (let lane = 0; lane < LANES; lane += 1) {
    const place = freeFrom(epochs, lane, atNs);
    if (isAt(place, atNs)) return place;
  }
  return plain;
}

function isAt({ firstNs, endNs }: Place, atNs: bigint): boolean {
  return firstNs - atNs < GRID && endNs - firstNs >= LEAST_ROOM_NS;
}

/** At most this many epochs are kept: beyond it the two of a lane with the smallest gap between them become one. */
export const MAX_EPOCHS = 128;

/** The same spans of time, sorted, with at most MAX_EPOCHS epochs. What is joined covers more than before, never less. */
export function compacted(epochs: readonly Epoch[], maxEpochs: number = MAX_EPOCHS): Epoch[] {
  const sorted = [...epochs].sort(byLaneAndTime);
  const joined: Epoch[] = [];
  for (const epoch of sorted) {
    const before = joined.at(-1);
    if (before !== undefined && gapNs(before, epoch) <= GRID) joined[joined.length - 1] = join(before, epoch);
    else joined.push(epoch);
  }
  while (joined.length > maxEpochs) {
    let smallest = 0;
    for (let i = 1; i < joined.length - 1; i += 1) {
      if (gapNs(joined[i]!, joined[i + 1]!) < gapNs(joined[smallest]!, joined[smallest + 1]!)) smallest = i;
    }
    joined.splice(smallest, 2, join(joined[smallest]!, joined[smallest + 1]!));
  }
  return joined;
}

function byLaneAndTime(left: Epoch, right: Epoch): number {
  if (left.lane !== right.lane) return left.lane - right.lane;
  if (left.firstNs === right.firstNs) return 0;
  return left.firstNs < right.firstNs ? -1 : 1;
}

/** Epochs of two lanes are never joined. */
function gapNs(left: Epoch, right: Epoch): bigint {
  return left.lane === right.lane ? right.firstNs - left.lastNs : LAST_TIME_NS;
}

function join(left: Epoch, right: Epoch): Epoch {
  return { ...left, lastNs: left.lastNs > right.lastNs ? left.lastNs : right.lastNs };
}
