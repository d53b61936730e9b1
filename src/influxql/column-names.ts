import type { Expression, Field } from './statement.js';

/** Returns the name that a field has without an alias: that of its function or field; of arithmetic, all of them. */
export function nameOf({ expression, alias }: Field): string {
  if (alias !== undefined) return alias;
  switch (expression.kind) {
    case 'call':
    case 'reference':
      return expression.name;
    case 'binary':
      return namesIn(expression).join('_');
    default:
      return '';
  }
}

function namesIn(expression: Expression): string[] {
  if (expression.kind === 'binary') return [...namesIn(expression.left), ...namesIn(expression.right)];
  return expression.kind === 'call' || expression.kind === 'reference' ? [expression.name] : [];
}

/** Returns the names of the columns. Aliases stand; of equal other names the second one is `name_1`. */
export function columnNames(fields: readonly Field[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { alias } of fields) if (alias !== undefined) counts.set(alias, 1);
  return fields.map((field) => {
    if (field.alias !== undefined) return field.alias;
    const name = nameOf(field);
    const count = counts.get(name);
    if (count === undefined) {
      counts.set(name, 1);
      return name;
    }
    let nth = count;
    while (counts.has(`${name}_${nth}`)) nth += 1;
    counts.set(name, nth + 1);
    counts.set(`${name}_${nth}`, 1);
    return `${name}_${nth}`;
  });
}
