/** Which field names `auto` takes, and what it calls them. */
export interface FieldNameOptions {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly rename?: Readonly<Record<string, string>>;
}

/** Gives the name of a field, or undefined for one that is excluded. */
export type FieldNaming = (name: string) => string | undefined;

/** Compiles patterns in which `*` matches any characters; undefined when nothing is excluded or renamed. */
export function compileFieldNames({
  include,
  exclude = [],
  rename = {},
}: FieldNameOptions): FieldNaming | undefined {
  const renames = Object.entries(rename).map(([pattern, name]) => ({ pattern: patternOf(pattern), name }));
  if (include === undefined && exclude.length === 0 && renames.length === 0) return undefined;
  const included = include?.map(patternOf);
  const excluded = exclude.map(patternOf);
  return (name) => {
    if (included !== undefined && !included.some((pattern) => pattern.test(name))) return undefined;
    if (excluded.some((pattern) => pattern.test(name))) return undefined;
    for (const { pattern, name: newName } of renames) {
      const match = pattern.exec(name);
      if (match !== null) return renamed(newName, match.slice(1));
    }
    return name;
  };
}

/** The n-th `*` of the new name is what the n-th `*` of the pattern matched. */
function renamed(newName: string, matched: readonly string[]): string {
  let star = 0;
  return newName.replace(/\*/g, () => matched[star++] ?? '');
}

function patternOf(pattern: string): RegExp {
  const escaped = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${escaped.join('(.*)')}$`, 'su');
}
