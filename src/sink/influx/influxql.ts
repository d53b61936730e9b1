/** Names and texts as InfluxQL reads them. */

/** InfluxDB 1 takes NUL as the end of a query and a carriage return as a line feed, also inside quotes. */
const NOT_EXPRESSIBLE = /[\0\r]/;

/** Returns false for a text that no InfluxQL statement can contain. */
export function isExpressible(text: string): boolean {
  return !NOT_EXPRESSIBLE.test(text);
}

/** Quotes the name of a measurement, tag or field. */
export function identifier(name: string): string {
  return `"${name.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

/** Quotes a text value. */
export function literal(text: string): string {
  return `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/\n/g, '\\n')}'`;
}

/** Writes a number without an exponent, which InfluxQL does not read, and as a float: integers have 64 bits. */
export function numberLiteral(value: number): string {
  return value.toLocaleString('en', {
    useGrouping: false,
    minimumFractionDigits: 1,
    maximumFractionDigits: 20,
  });
}

/**
 * Returns a condition that is true for series whose tag has one of the values; '' matches series without the tag.
 *
 * @param values at least one
 */
export function tagIsOneOf(tag: string, values: readonly string[]): string {
  // `::tag` excludes a field of the same name.
  return `(${values.map((value) => `${identifier(tag)}::tag = ${literal(value)}`).join(' OR ')})`;
}
