/**
 * For `pattern`: a moment as the page writes it. It is the time of day, with the day in front where it is not today's, and with the
 * year where it is not this year's: what was ten minutes ago can be yesterday.
 */
export const MOMENT = String.raw`(?:\d{1,2} [A-Z][a-z]{2,3} (?:\d{4} )?)?\d\d:\d\d`;

/** A regular expression of which parts have a name. */
export function pattern(source: TemplateStringsArray, ...parts: readonly string[]): RegExp {
  return new RegExp(String.raw(source, ...parts));
}
