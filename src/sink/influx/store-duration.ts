const MS_PER_UNIT: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};

/** Reads a duration as Go writes it, such as `168h0m0s`; undefined for any other text. */
export function goDurationMs(text: string): number | undefined {
  if (!/^(\d+[hms])+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * MS_PER_UNIT[unit!]!,
    0,
  );
}

/** Writes a duration above 0 as InfluxQL and InfluxDB 3 read it: in the largest unit that leaves no remainder. */
export function storeDuration(ms: number): string {
  const [unit, size] = Object.entries(MS_PER_UNIT).find(([, each]) => ms % each === 0)!;
  return `${ms / size}${unit}`;
}
