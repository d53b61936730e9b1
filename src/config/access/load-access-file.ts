import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { AccessRules } from '../../access/access-rules.js';
import { errorText, systemErrorCode } from '../../lib/errors.js';
import { privateModeFault } from '../../lib/private-file.js';
import { Findings } from '../findings.js';
import { type ConfigProblem, sortProblems } from '../problem.js';
import { readPlainYaml } from '../read-yaml.js';
import { validateFile } from '../validate.js';
import type { YamlSource } from '../yaml-source.js';
import { checkAccessFiles, findAccessWarnings } from './access-checks.js';
import { accessSchema } from './access-schema.js';
import { takeOneLineUsers, withOneLineUsers } from './one-line-users.js';
import { resolveAccess } from './resolve-access.js';

/** Room for 100,000 users, each with a password and a few roles. */
const MAX_ACCESS_FILE_BYTES = 32 * 1_048_576;
const MAX_ACCESS_VALUES = 2_000_000;
const READING = {
  maxCharacters: MAX_ACCESS_FILE_BYTES,
  maxNodes: MAX_ACCESS_VALUES,
  keepsNull: false,
};

export type LoadedAccess =
  | {
      readonly ok: true;
      readonly rules: AccessRules;
      /** What is valid and hardly meant, such as a role that may publish on every topic. */
      readonly warnings: readonly ConfigProblem[];
    }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Loads an access file. Never throws: what is wrong with it or with the files that it names is in `problems`. */
export function loadAccessFile(path: string): LoadedAccess {
  const file = shownPath(path);
  const text = readFile(path, file);
  if (typeof text !== 'string') return { ok: false, problems: [text] };
  const loaded = parseAccess(text, path, file);
  if (!loaded.ok) return loaded;
  const problems = checkAccessFiles(loaded.rules, loaded.source);
  return problems.length > 0 ? { ok: false, problems } : loaded;
}

type ParsedAccess =
  | (Extract<LoadedAccess, { ok: true }> & { readonly source: YamlSource })
  | Extract<LoadedAccess, { ok: false }>;

/** Parses and checks the text of an access file. Pure. `file` stands for it in problems. */
export function parseAccess(text: string, path: string, file: string): ParsedAccess {
  const source = read(text, file);
  const expected = 'a section with the keys users and roles';
  const { written, problems, invalid } = validateFile(accessSchema, source, expected);
  const unreadable = new Set(source.unreadable.map(source.keyOf));
  const findings = new Findings(source, [...invalid, ...source.unreadable], accessSchema);
  const rules = resolveAccess(written, path, source, findings);
  const all = [
    ...source.problems,
    ...problems.filter(({ key }) => !unreadable.has(key)),
    ...findings.problems,
  ];
  if (all.length > 0) return { ok: false, problems: sortProblems(all) };
  return { ok: true, rules, warnings: findAccessWarnings(rules), source };
}

function read(text: string, file: string): YamlSource {
  const quick = takeOneLineUsers(text);
  const source = quick && withOneLineUsers(readPlainYaml(quick.rest, file, READING), quick);
  return source ?? readPlainYaml(text, file, READING);
}

/** A file below the working directory by its path from there, as people name it. */
function shownPath(path: string): string {
  const fromHere = relative(process.cwd(), resolve(path));
  return fromHere.startsWith('..') ? path : fromHere;
}

function readFile(path: string, file: string): string | ConfigProblem {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const { mode, size } = fstatSync(descriptor);
    const problem = privateModeFault(path, mode);
    if (problem !== undefined) return { file, key: '', ...problem };
    // The size of a device such as /dev/zero is 0, but its mode is refused above.
    if (size > MAX_ACCESS_FILE_BYTES) {
      return { file, key: '', got: 'a file of more than 32 MiB', expected: 'a smaller access file' };
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor));
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    let hint = errorText(thrown);
    if (code === 'ENOENT') hint = 'no file is there';
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') hint = 'it is not UTF-8 text';
    return { file, key: '', expected: 'an access file that can be read', hint };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
