import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import type { AccessRules, PermissionRule, RoleRule } from '../../access/access-rules.js';
import { errorText, systemErrorCode } from '../../lib/errors.js';
import type { ConfigProblem } from '../problem.js';
import type { YamlSource } from '../yaml-source.js';
import { isUnusableFor } from './access-settings.js';

/** Keys and revoked certificates take tens to hundreds of bytes each: a larger file is another one. */
const MAX_NAMED_FILE_BYTES = 1024 * 1024;

/** Finds files that an access file names and that cannot be used. */
export function checkAccessFiles({ jwt, mtls }: AccessRules, source: YamlSource): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const check = (
    key: readonly [string, string],
    path: string | undefined,
    isFine: (text: string) => boolean,
    what: string,
  ) => {
    if (path === undefined) return;
    const fault = fileFault(path, isFine, what);
    if (fault === undefined) return;
    problems.push({
      ...source.locationOf(key),
      key: source.keyOf(key),
      got: path,
      expected: what,
      hint: fault,
    });
  };
  check(['jwt', 'jwks'], jwt?.jwksFile, isKeySet, 'a file with a JSON Web Key Set');
  check(['mtls', 'crl'], mtls?.crlFile, isRevocationList, 'a file with a revocation list (PEM)');
  return problems;
}

function fileFault(path: string, isFine: (text: string) => boolean, what: string): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    if (fstatSync(descriptor).size > MAX_NAMED_FILE_BYTES) return 'it has more than 1 MiB';
    return isFine(readFileSync(descriptor, 'utf8')) ? undefined : `it is not ${what}`;
  } catch (thrown) {
    return systemErrorCode(thrown) === 'ENOENT' ? 'no file is there' : errorText(thrown);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function isKeySet(text: string): boolean {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown };
    return Array.isArray(keys) && keys.length > 0;
  } catch {
    // No JSON: the caller says what it must be.
    return false;
  }
}

function isRevocationList(text: string): boolean {
  return text.includes('-----BEGIN X509 CRL-----');
}

/** Users that one warning names; the others have the same fault. */
const MAX_WARNINGS = 100;

/** Finds what is valid and hardly meant. */
export function findAccessWarnings(rules: AccessRules): ConfigProblem[] {
  const { file, users, roles, jwt, mtls } = rules;
  const warnings: ConfigProblem[] = [];
  for (const role of roles.values()) warnings.push(...wideOpen(file, role));
  for (const { name, line, secret, roles: names } of users.values()) {
    if (warnings.length >= MAX_WARNINGS) break;
    const key = `users.${name}`;
    if (names.length === 0) {
      warnings.push({
        file,
        line,
        key,
        got: 'no roles',
        expected: 'a role: without one the user may do nothing',
      });
    }
    if (secret === undefined && jwt === undefined && mtls === undefined) {
      const expected = 'a token or a password: without one nobody can sign in as this user';
      warnings.push({ file, line, key, got: 'neither', expected, hint: `sluice users rotate ${name}` });
    }
    const unusable = names
      .flatMap((role) => permissionsOf(roles.get(role)))
      .find(({ filter }) => isUnusableFor(filter, name));
    if (unusable !== undefined) {
      const got = `a name that cannot stand for {user} in line ${unusable.line}`;
      warnings.push({ file, line, key, got, expected: 'a name without /, +, # and $' });
    }
  }
  return warnings;
}

function wideOpen(file: string, role: RoleRule): ConfigProblem[] {
  return (['publish', 'subscribe'] as const).flatMap((kind) =>
    role[kind].flatMap(({ filter, line }, index) => {
      if (filter !== '#' && filter !== '+/#') return [];
      const key = `roles.${role.name}.${kind}[${index}]`;
      return [
        {
          file,
          line,
          key,
          got: `"${filter}"`,
          expected: `a narrower filter, unless the role may ${kind} on every topic`,
        },
      ];
    }),
  );
}

function permissionsOf(role: RoleRule | undefined): readonly PermissionRule[] {
  return role === undefined ? [] : [...role.publish, ...role.subscribe];
}
