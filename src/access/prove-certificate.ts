import type { ClientCertificate } from './access.js';
import type { MtlsRule } from './access-rules.js';
import { type Proof, wrong } from './proof.js';
import { nameProblem } from './user-name.js';

/** Whom a certificate names. TLS has verified it; `userName` as the client gave it must be the same. */
export function proveCertificate(
  certificate: ClientCertificate,
  userName: string | undefined,
  rule: MtlsRule,
): Proof {
  const user = rule.user === 'cn' ? certificate.commonName : certificate.alternativeNames[0];
  const place = rule.user === 'cn' ? 'common name' : 'alternative name';
  if (user === undefined) return wrong(`the certificate has no ${place}`);
  const problem = nameProblem(user);
  if (problem !== undefined) return wrong(`the ${place} of the certificate ${problem}`);
  if (userName !== undefined && userName !== '' && userName !== user) {
    return wrong(`the user name is not the ${place} of the certificate`);
  }
  const { expiresAtMs } = certificate;
  return { kind: 'proved', identity: { user, method: 'certificate', roles: rule.roles, expiresAtMs } };
}
