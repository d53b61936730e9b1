import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { errorText, systemErrorCode } from '../lib/errors.js';
import type { Finding } from './findings.js';
import { secretProblem, withoutLineEnd } from './secret-problem.js';

const MAX_SECRET_BYTES = 65_536;

/** Forbids access by others and writing by the group; the group may read, as Kubernetes mounts secrets. */
const FORBIDDEN_MODE_BITS = 0o027;

export type Secret =
  | { readonly ok: true; readonly secret: string }
  | {
      readonly ok: false;
      readonly finding: Finding;
      /** True when nothing could be read: elsewhere, or for another user, the file may be there. */
      readonly isMissing: boolean;
    };

/** Reads a secret from a file; line ends at the end are not part of it. */
export function readSecretFile(path: string): Secret {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const { mode, size } = fstatSync(file);
    const ofMode = modeProblem(mode, path);
    if (ofMode !== undefined) return invalid(ofMode.got, ofMode.expected, ofMode.hint);
    if (size > MAX_SECRET_BYTES)
      return invalid('a file of more than 64 KiB', 'a file that holds only the secret');
    const secret = withoutLineEnd(readFileSync(file, 'utf8'));
    if (secret === '') return invalid('an empty file', 'a file that holds the secret');
    const problem = secretProblem(secret);
    // Most often the key names the wrong file.
    if (problem !== undefined) return invalid(problem.got, problem.expected);
    return { ok: true, secret };
  } catch (thrown) {
    const reason = systemErrorCode(thrown) === 'ENOENT' ? 'no file is there' : errorText(thrown);
    return { ok: false, isMissing: true, finding: { expected: 'a file that can be read', hint: reason } };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** What is wrong with the mode of a file with secrets, and the command that corrects it; `undefined` when nothing is. */
export function modeProblem(mode: number, path: string): Required<Omit<Finding, 'at'>> | undefined {
  if (process.platform === 'win32' || (mode & FORBIDDEN_MODE_BITS) === 0) return undefined;
  return {
    got: `a file that other users can reach (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`,
    expected: 'a file for this user alone',
    hint: `chmod 600 ${path}`,
  };
}

function invalid(got: string, expected: string, hint?: string): Secret {
  return { ok: false, isMissing: false, finding: { got, expected, hint } };
}
