/** Numbers that devices send in the place of a reading. 85 is what a DS18B20 reports before its first conversion. */
const SENTINELS = [
  -127, 85, 127.94, 255, 254, 999, 9999, 99999, -99, -999, -9999, -32768, 32767, 65535, 65534, -1000,
  2147483647, -2147483648, 4294967295, -40,
];
/** A value that comes more often is a reading. */
const MAX_SHARE = 0.2;
const MIN_OTHERS = 4;
/** How far it must lie from all others, in their span. */
const MIN_SPANS = 1;
const MIN_DISTANCE = 10;

/** The numbers that now and then stand for "no value": known ones, far from all others. */
export function sentinelsIn(numbers: readonly number[]): readonly number[] {
  const candidates = SENTINELS.filter((sentinel) => numbers.includes(sentinel));
  return candidates.filter((sentinel) => {
    const others = numbers.filter((number) => !candidates.includes(number));
    const count = numbers.filter((number) => number === sentinel).length;
    if (others.length < MIN_OTHERS || count > numbers.length * MAX_SHARE) return false;
    const [min, max] = rangeOf(others);
    const distance = sentinel < min ? min - sentinel : sentinel - max;
    return distance >= Math.max(MIN_DISTANCE, MIN_SPANS * (max - min));
  });
}

/** The smallest and the largest number. */
export function rangeOf(numbers: readonly number[]): readonly [min: number, max: number] {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const number of numbers) {
    min = Math.min(min, number);
    max = Math.max(max, number);
  }
  return [min, max];
}
