/** Quotes a name as an SQL identifier. It must not be empty or contain NUL; `shownName` never returns such a name. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Returns a text as an SQL expression. DuckDB's C interface reads a statement up to the first NUL, so it must not contain one. */
export function literal(text: string): string {
  const parts = text.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? `${parts[0]}` : `(${parts.join(' || chr(0) || ')})`;
}

/** Folds a name as DuckDB compares identifiers: it ignores the case of A to Z only ("Ä" and "ä" are two columns). */
export function folded(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/**
 * Returns the name under which `name` is shown to people. Names are case-sensitive in InfluxDB but not in DuckDB, so
 * the second of two similar names gets a suffix (`Temp`, `temp_2`).
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
