/** Reads back what a store holds of the fleet of fleet-load.ts: per device, how many points and the sum of their numbers. */
export type StoredFleet = Readonly<Record<string, { readonly points: number; readonly sumOfSeq: number }>>;

export async function influxFleet(url: string, database: string): Promise<StoredFleet> {
  const query = 'SELECT count("seq"), sum("seq") FROM "fleet" GROUP BY "device"';
  const answer = await fetch(`${url}/query?db=${database}&q=${encodeURIComponent(query)}`);
  const body = (await answer.json()) as {
    results: { series?: { tags: { device: string }; values: [number, number, number][] }[] }[];
  };
  const stored: Record<string, { points: number; sumOfSeq: number }> = {};
  for (const { tags, values } of body.results[0]?.series ?? []) {
    stored[tags.device] = { points: values[0]![1], sumOfSeq: values[0]![2] };
  }
  return stored;
}

export async function victoriaMetricsFleet(url: string): Promise<StoredFleet> {
  await fetch(`${url}/internal/force_flush`);
  const answer = await fetch(`${url}/api/v1/export?match[]=fleet_seq`);
  const stored: Record<string, { points: number; sumOfSeq: number }> = {};
  for (const line of (await answer.text()).split('\n')) {
    if (line === '') continue;
    const series = JSON.parse(line) as { metric: { device: string }; values: number[]; timestamps: number[] };
    const before = stored[series.metric.device] ?? { points: 0, sumOfSeq: 0 };
    stored[series.metric.device] = {
      points: before.points + series.values.length,
      sumOfSeq: before.sumOfSeq + series.values.reduce((sum, value) => sum + value, 0),
    };
  }
  return stored;
}
