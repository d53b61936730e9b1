import type { AccessRules, JwtRule, MtlsRule, UserRule } from '../../src/access/access-rules.js';

/** Rules with these users, as the access file would give them. */
export function rulesOf(
  users: readonly (Partial<UserRule> & { readonly name: string })[],
  { jwt, mtls }: { readonly jwt?: JwtRule; readonly mtls?: MtlsRule } = {},
): AccessRules {
  const listed = users.map(
    (user, index) => [user.name, { roles: ['device'], isDisabled: false, line: index + 2, ...user }] as const,
  );
  return { file: 'access.yaml', users: new Map(listed), roles: new Map(), jwt, mtls };
}

export const FROM = { remoteAddress: '192.0.2.7', isEncrypted: true };
