/** A measurement, tag or field name as InfluxQL reads it back. */
export function identifier(name: string): string {
  return `"${name.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

/** A text as InfluxQL reads it back. */
export function literal(text: string): string {
  return `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/\n/g, '\\n')}'`;
}

/** InfluxDB 1 takes NUL for the end of a query and a carriage return for a line feed, whatever stands around it. */
const NOT_EXPRESSIBLE = /[\0\r]/;

export function isExpressible(text: string): boolean {
  return !NOT_EXPRESSIBLE.test(text);
}

/** True for series whose tag has one of the values; '' stands for those that lack it. At least one value. */
export function tagIsOneOf(tag: string, values: readonly string[]): string {
  // `::tag`: a field of the same name is not meant.
  return `(${values.map((value) => `${identifier(tag)}::tag = ${literal(value)}`).join(' OR ')})`;
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
