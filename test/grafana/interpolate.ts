/** Fills in variables as Grafana does before it sends a query; throws for one that has no value. */
export function interpolate(query: string, values: ReadonlyMap<string, string>): string {
  return query.replace(/\$(\w+)/g, (_all, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`no value for $${name} in ${query}`);
    return value;
  });
}

/** Several chosen values of one variable, as Grafana puts them into a regular expression. */
export function anyOf(values: readonly string[]): string {
  return `(${values.map((value) => value.replace(/[.*+?^$|()[\]{}\\/-]/g, '\\$&')).join('|')})`;
}
