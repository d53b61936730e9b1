import { dirname, resolve } from 'node:path';
import type {
  AccessRules,
  PermissionRule,
  RoleRule,
  SecretRule,
  UserRule,
} from '../../access/access-rules.js';
import { nearestName } from '../../lib/nearest-name.js';
import type { Findings } from '../findings.js';
import type { KeyPath } from '../problem.js';
import type { YamlSource } from '../yaml-source.js';
import type { WrittenAccess } from './access-schema.js';
import { userNameFault } from './access-settings.js';

type WrittenUser = WrittenAccess['users'][string];

/** Converts an access file to rules, and finds what its keys do not fit in. Relative paths begin at its folder. */
export function resolveAccess(
  written: WrittenAccess,
  path: string,
  source: YamlSource,
  findings: Findings,
): AccessRules {
  const directory = dirname(path);
  const lineOf = (at: KeyPath) => source.locationOf(at).line ?? 1;
  const permissionsOf = (at: KeyPath, filters: readonly string[] = []): PermissionRule[] =>
    filters.map((filter, index) => ({ filter, line: lineOf([...at, index]) }));
  const roles = Object.entries(written.roles).map(([name, role]): [string, RoleRule] => {
    const at = ['roles', name];
    return [
      name,
      {
        name,
        clientId: role.clientId,
        publish: permissionsOf([...at, 'publish'], role.publish),
        subscribe: permissionsOf([...at, 'subscribe'], role.subscribe),
        http: role.http,
        limits: role.limits,
        line: lineOf(at),
      },
    ];
  });
  const users = Object.entries(written.users).map(([name, user]): [string, UserRule] => {
    const line = lineOf(['users', name]);
    checkUser(name, user, findings);
    return [
      name,
      {
        name,
        secret: secretOf(user),
        roles: user.roles ?? [],
        clientId: user.clientId,
        isDisabled: user.disabled,
        line,
      },
    ];
  });
  checkRoleNames(written, findings);
  const { jwt, mtls } = written;
  return {
    file: source.locationOf([]).file,
    users: new Map(users),
    roles: new Map(roles),
    jwt: jwt && {
      jwksFile: resolve(directory, jwt.jwks),
      algorithms: jwt.algorithms,
      issuer: jwt.issuer,
      audience: jwt.audience,
      userClaim: jwt.user,
      roles: jwt.roles ?? [],
      line: lineOf(['jwt']),
    },
    mtls: mtls && {
      user: mtls.user,
      roles: mtls.roles ?? [],
      crlFile: mtls.crl && resolve(directory, mtls.crl),
      line: lineOf(['mtls']),
    },
  };
}

function secretOf({ token, password }: WrittenUser): SecretRule | undefined {
  if (token !== undefined) return { kind: 'token', hash: token };
  return password === undefined ? undefined : { kind: 'password', hash: password };
}

function checkUser(name: string, { token, password }: WrittenUser, findings: Findings): void {
  const fault = userNameFault(name);
  if (fault !== undefined) findings.add([['users', name]], { got: 'the name of a user', expected: fault });
  if (token === undefined || password === undefined) return;
  findings.add([['users', name, 'password']], {
    got: 'a password beside a token',
    expected: 'either token or password',
    hint: 'make a second user for the other one',
  });
}

function checkRoleNames({ users, jwt, mtls, roles }: WrittenAccess, findings: Findings): void {
  const check = (at: KeyPath, names: readonly string[] = []) => {
    for (const [index, name] of names.entries()) {
      if (Object.hasOwn(roles, name)) continue;
      const meant = nearestName(name, Object.keys(roles));
      findings.add(
        [
          [...at, index],
          ['roles', name],
        ],
        {
          expected: 'a role of the section roles',
          hint: meant === undefined ? undefined : `did you mean "${meant}"?`,
        },
      );
    }
  };
  for (const [name, user] of Object.entries(users)) check(['users', name, 'roles'], user.roles);
  check(['jwt', 'roles'], jwt?.roles);
  check(['mtls', 'roles'], mtls?.roles);
}
