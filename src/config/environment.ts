import { withoutLineEnd } from './secret-problem.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substituted {
  readonly text: string;
  /** The variables in the text, written as `${NAME}`. */
  readonly references: readonly string[];
  readonly problems: readonly SubstitutionProblem[];
}

export interface SubstitutionProblem {
  /** False when the reference is written wrongly. */
  readonly isUnset: boolean;
  readonly got: string;
  readonly expected: string;
  readonly hint?: string;
}

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const INSIDE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** Replaces `${NAME}` and `${NAME:-default}` by environment variables, without line ends at their end; `$${` is a literal `${`. An unset variable is a problem. */
export function substitute(text: string, environment: Environment): Substituted {
  const references: string[] = [];
  const problems: SubstitutionProblem[] = [];
  const replaced = text.replace(
    REFERENCE,
    (written: string, inside: string | undefined, end: string | undefined) => {
      if (inside === undefined) return '${';
      const [, name, fallback] = INSIDE.exec(inside) ?? [];
      if (name === undefined || end !== '}') {
        problems.push({
          isUnset: false,
          got: JSON.stringify(written),
          expected: `a variable written as \${NAME} or \${NAME:-default}`,
          hint: `write $\${ for a literal \${`,
        });
        return '';
      }
      references.push(`\${${name}}`);
      // As in a shell: `$(cat file)` and `--env-file` differ in the line end, and no key has a use for it.
      const value = environment[name] === undefined ? undefined : withoutLineEnd(environment[name]);
      if (fallback !== undefined) return value || fallback;
      if (value !== undefined) return value;
      problems.push({
        isUnset: true,
        got: `\${${name}}, which is not set`,
        expected: `the environment variable ${name}`,
        hint: `set it, or write a default: \${${name}:-…}`,
      });
      return '';
    },
  );
  return { text: replaced, references, problems };
}
