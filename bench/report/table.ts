/** One part's outcome: a table for people, the same figures for programs. */
export interface PartReport {
  readonly title: string;
  /** What was measured and how, in sentences: a figure without them says nothing. */
  readonly notes: readonly string[];
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** For the JSON. */
  readonly figures: unknown;
}

/** Columns as wide as their widest cell: figures to the right, words to the left. */
export function reportText({ title, notes, heads, rows }: PartReport): string {
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const areWords = heads.map((_, column) => rows.every((row) => !/^[-\d]/.test(row[column]!)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        areWords[column] ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [title, ...notes.map((note) => `  ${note}`), '', line(heads), rule, ...rows.map(line), ''].join(
    '\n',
  );
}
