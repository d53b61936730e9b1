/** A measurement, tag or field name as InfluxQL reads it back. */
export function identifier(name: string): string {
  return `"${name.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

export interface QueriedSeries {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

/** The series of the only statement of an answer to /query, or the store's error. Undefined: not such an answer. */
export function statementOf(json: unknown): { series: readonly QueriedSeries[]; error?: string } | undefined {
  const answer = json as { error?: unknown; results?: unknown } | null | undefined;
  if (typeof answer?.error === 'string') return { series: [], error: answer.error };
  if (!Array.isArray(answer?.results)) return undefined;
  const [first] = answer.results as readonly ({ error?: unknown; series?: unknown } | undefined)[];
  if (typeof first?.error === 'string') return { series: [], error: first.error };
  return { series: Array.isArray(first?.series) ? (first.series as QueriedSeries[]) : [] };
}
