import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { errorText, systemErrorCode } from '../lib/errors.js';
import { privateModeFault } from '../lib/private-file.js';
import type { Finding } from './findings.js';
import { secretProblem, withoutLineEnd } from './secret-problem.js';

const MAX_SECRET_BYTES = 65_536;

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
    const fault = privateModeFault(path, mode);
    if (fault !== undefined) return invalid(fault.got, fault.expected, fault.hint);
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

function invalid(got: string, expected: string, hint?: string): Secret {
  return { ok: false, isMissing: false, finding: { got, expected, hint } };
}
