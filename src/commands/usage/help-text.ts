const EXIT_CODES = `Exit codes:
  0  fine
  1  failed at run time
  2  wrong usage or invalid configuration; nothing was started or written`;

/** Examples, exit codes and one more sentence, behind the options in `--help`. */
export function help(examples: readonly string[], note = ''): string {
  const lines = examples.map((example) => `  $ ${example}`);
  return `\nExamples:\n${lines.join('\n')}\n\n${EXIT_CODES}${note === '' ? '' : `\n\n${note}`}`;
}
