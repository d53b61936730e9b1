import type * as z from 'zod';
import { oneOf, size, text, trueOrFalse, wholeNumber } from '../setting.js';
import { named, oneOrMany, section } from '../structured-setting.js';
import { clientIdPattern, passwordHash, permission, tokenHash } from './access-settings.js';

/** Every key of an access file (`broker.access`) with its default, limits and description. */

/** Signatures that are checked with a public key. A shared secret (`HS256`) would let everybody who checks tokens make them. */
const JWT_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
] as const;

function roleNames(description: string) {
  const type = 'list of roles';
  return oneOrMany(text({ type: 'name of a role', description }), { type, description, placeholder: '?' });
}

function permissions(description: string) {
  const type = 'list of topic filters';
  return oneOrMany(permission({ description }), { type, description, placeholder: '?' }).optional();
}

const user = section(
  {
    token: tokenHash({
      description:
        'Hash of the token of the user: 32 random bytes, which only `sluice users add` and `rotate` have shown.',
    }).optional(),
    password: passwordHash({ description: 'Hash of the password of the user.' }).optional(),
    roles: roleNames('Roles of the user: their permissions are added up.').optional(),
    clientId: clientIdPattern({
      unset: 'any that a role allows',
      description:
        'Client ids that the user may connect with: `{user}` stands for the name of the user, `+` for one or more characters.',
    }).optional(),
    disabled: trueOrFalse({
      description:
        'Refuses the user, also with a certificate or a JWT, and ends the connections that are open.',
    }).prefault(false),
  },
  { description: 'A user, by name.' },
);

const role = section(
  {
    clientId: clientIdPattern({
      unset: 'any',
      description: 'Client ids that the role counts for, as a pattern like `clientId` of a user.',
    }).optional(),
    publish: permissions('Topic filters that clients may publish on; a level may be `{user}` or `{client}`.'),
    subscribe: permissions(
      'Topic filters that clients may subscribe to, wholly or in part; a level may be `{user}` or `{client}`.',
    ),
    http: oneOf(['read', 'change'], {
      unset: 'nothing',
      description:
        'What the role may do over HTTP and on the page: `read` it, or also `change` (replay, purge, reload, log level).',
    }).optional(),
    limits: section(
      {
        messagesPerSecond: wholeNumber({
          min: 1,
          max: 10_000_000,
          unset: 'that of `broker.limits`',
          description: 'Messages a second of each client; one that sends more is read more slowly.',
        }).optional(),
        bytesPerSecond: size({
          min: 1,
          max: 2 ** 40,
          unset: 'that of `broker.limits`',
          description: 'Bytes a second of each client.',
        }).optional(),
        connections: wholeNumber({
          min: 1,
          max: 1_000_000,
          unset: 'that of `broker.limits`',
          description: 'Connections of a user with this role.',
        }).optional(),
      },
      {
        description:
          'Limits in the place of those of `broker.limits`; of several roles the highest of each counts.',
      },
    ).optional(),
  },
  { description: 'A role, by name.' },
);

export const accessSchema = section(
  {
    users: named(user, { type: 'names with users', description: 'Users, by name.' }).prefault({}),
    jwt: section(
      {
        jwks: text({
          type: 'path',
          description: 'File with the public keys that sign tokens (JSON Web Key Set, RFC 7517).',
        }),
        algorithms: oneOrMany(oneOf(JWT_ALGORITHMS, { description: 'Algorithm of a signature.' }), {
          type: 'list of algorithms',
          placeholder: 'ES256',
          description: `Signatures that are accepted: ${JWT_ALGORITHMS.join(', ')}.`,
        }),
        issuer: text({ description: 'The claim `iss` that a token must have.', unset: 'any' }).optional(),
        audience: text({ description: 'The claim `aud` that a token must have.', unset: 'any' }).optional(),
        user: text({ type: 'claim', description: 'Claim that names the user.' }).prefault('sub'),
        roles: roleNames('Roles of users that `users` does not list.').optional(),
      },
      { description: 'Sign-in with a JSON Web Token in the place of a password.' },
    ).optional(),
    mtls: section(
      {
        user: oneOf(['cn', 'san'], {
          description:
            'What of a client certificate names the user: its common name, or its first alternative name.',
        }).prefault('cn'),
        roles: roleNames('Roles of users that `users` does not list.').optional(),
        crl: text({
          type: 'path',
          unset: 'no certificate is revoked',
          description: 'File with the list of revoked certificates (PEM).',
        }).optional(),
      },
      { description: 'Sign-in with a client certificate, on listeners with `tls.clientCa`.' },
    ).optional(),
    roles: named(role, { type: 'names with roles', description: 'Roles, by name.' }).prefault({}),
  },
  { description: 'The access file.' },
);

export type WrittenAccess = z.output<typeof accessSchema>;
