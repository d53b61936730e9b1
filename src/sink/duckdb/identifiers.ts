/** A name as an SQL identifier; any text but the empty one and NUL, which `shownName` never gives. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as an SQL expression. DuckDB's C interface reads a statement up to the first NUL, so none may be in it. */
export function literal(text: string): string {
  const parts = text.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? `${parts[0]}` : `(${parts.join(' || chr(0) || ')})`;
}

/** DuckDB compares identifiers without regard to the case of A-Z (only those: "Ä" and "ä" are two columns). */
export function folded(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/**
 * The name under which `name` is shown to people. InfluxDB's names are case-sensitive, DuckDB's are not:
 * whoever comes second gets a suffix (`Temp`, `temp_2`).
 *
 * @param taken folded names in use; the new one is added
 */
export function shownName(name: string, taken: Set<string>): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL would end the identifier inside DuckDB, the others break a terminal
  const printable = name.replace(/[\u0000-\u001f\u007f]/g, '_') || '_';
  let shown = printable;
  for (let n = 2; taken.has(folded(shown)); n++) shown = `${printable}_${n}`;
  taken.add(folded(shown));
  return shown;
}
