/** Lines of a table for a terminal: the heads, then a line for each row. Cells must be printable. */
export function textTable(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heads.map((head, index) =>
    rows.reduce((width, row) => Math.max(width, row[index]!.length), head.length),
  );
  return [heads, ...rows].map((cells) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join('  ')
      .trimEnd(),
  );
}
