import { SluiceError } from '../lib/errors.js';

/** Why a data directory cannot be used as it is. Nothing in it has been changed. */
export interface DirectoryProblem {
  /** `access`: this user may not use the file. `mismatch`: the file is not what belongs there. */
  readonly kind: 'access' | 'mismatch';
  readonly file: string;
  readonly found: string;
  readonly expected: string;
  /** What the operator does about it. */
  readonly next: string;
}

const MOST_NAMED = 5;

/** The error that a start with these problems ends with. */
export function directoryRefused(problems: readonly DirectoryProblem[]): SluiceError {
  const isAccess = problems.some(({ kind }) => kind === 'access');
  return new SluiceError(
    isAccess ? 'DATA_DIRECTORY_UNUSABLE' : 'DATA_DIRECTORY_MISMATCH',
    `nothing was started or changed: ${problemsText(problems)}`,
  );
}

/** All problems in one line, each with the file, what was found, what is expected, and the next step. */
export function problemsText(problems: readonly DirectoryProblem[]): string {
  const texts = problems
    .slice(0, MOST_NAMED)
    .map(({ file, found, expected, next }) => `${file}: ${found}; expected ${expected}; ${next}`);
  const more = problems.length - texts.length;
  return `${texts.join(' | ')}${more > 0 ? ` | and ${more} more` : ''}`;
}
