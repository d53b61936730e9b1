/** Connections and packets that a gateway has refused since its start, by reason; those that it has not are omitted. */
export async function refusalsOf(httpUrl: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  const counts = [...text.matchAll(/^sluice_broker_refusals_total\{.*?reason="([^"]+)".*?\} (\d+)$/gm)];
  return Object.fromEntries(
    counts.map(([, reason, count]) => [reason!, Number(count)] as const).filter(([, n]) => n > 0),
  );
}
