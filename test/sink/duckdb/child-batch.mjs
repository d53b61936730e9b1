const BASE_NS = 1_795_000_000_000_000_000n;
const series = Array.from({ length: 20 }, (_, i) => ({
  measurement: 'kill "me"',
  tags: [{ name: 'device', value: `d${i}` }],
}));

export const CHILD_BATCH_POINTS = 500;

/** The points of batch n; every tenth batch brings a new field, so that kills fall into schema changes too. */
export function childBatch(batch) {
  return Array.from({ length: CHILD_BATCH_POINTS }, (_, i) => {
    const number = batch * CHILD_BATCH_POINTS + i;
    return {
      series: series[number % series.length],
      timestampNs: BASE_NS + BigInt(number),
      fields: [
        { name: 'number', type: 'int', value: BigInt(number) },
        { name: `of ${Math.floor(batch / 10)}`, type: 'float', value: number / 2 },
      ],
    };
  });
}
