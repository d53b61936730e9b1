import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { Clock } from '../lib/clock.js';
import { errorText } from '../lib/errors.js';
import type { Warn } from '../lib/warnings.js';
import type { JwtRule } from './access-rules.js';
import { KeySetFile } from './key-set-file.js';
import { type Proof, wrong } from './proof.js';
import { nameProblem } from './user-name.js';

/** Only public keys: with a shared secret (HS256) the public key of an RSA pair would do as the secret. */
export const JWT_ALGORITHMS: ReadonlySet<string> = new Set([
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
  ...['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'],
]);

/** The clocks of the issuer and of this machine may differ so much. */
const CLOCK_TOLERANCE_S = 30;
const MAX_TOKEN_BYTES = 8_192;
const NS_PER_MS = 1_000_000n;

/** A header that is JSON, claims, and a signature, which `alg: none` leaves empty. */
const FORM = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;

export function looksLikeJwt(password: Buffer): boolean {
  return FORM.test(password.toString('latin1'));
}

/** JsonWebTokens verifies the tokens (RFC 7519) of one issuer. Web Crypto uses Node's thread pool for about 0.1 ms each. */
export class JsonWebTokens {
  readonly #clock: Clock;
  readonly #warn: Warn;
  #file: KeySetFile | undefined;

  constructor(clock: Clock, warn: Warn) {
    this.#clock = clock;
    this.#warn = warn;
  }

  /** Never rejects. `userName` as the client gave it: it must be that of the token. */
  async verify(token: Buffer, userName: string | undefined, rule: JwtRule): Promise<Proof> {
    if (token.length > MAX_TOKEN_BYTES) return wrong(`the token has more than ${MAX_TOKEN_BYTES} bytes`);
    if (this.#file?.path !== rule.jwksFile) {
      this.#file = new KeySetFile(rule.jwksFile, this.#clock, this.#warn);
    }
    const keys = await this.#file.keys();
    if (keys === undefined) {
      return { kind: 'unproved', reason: 'sign-in-busy', detail: 'the keys of the issuer cannot be read' };
    }
    try {
      return this.#proofOf(
        await payloadOf(token.toString('latin1'), keys, this.#optionsOf(rule)),
        userName,
        rule,
      );
    } catch (thrown) {
      if (thrown instanceof errors.JWTExpired) {
        return { kind: 'unproved', reason: 'credential-expired', detail: 'the token has expired' };
      }
      return wrong(errorText(thrown));
    }
  }

  #optionsOf({ algorithms, issuer, audience }: JwtRule): JWTVerifyOptions {
    return {
      algorithms: algorithms.filter((algorithm) => JWT_ALGORITHMS.has(algorithm)),
      issuer,
      audience,
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(Number(this.#clock.nowNs() / NS_PER_MS)),
    };
  }

  #proofOf(claims: JWTPayload, userName: string | undefined, rule: JwtRule): Proof {
    // RFC 7519 section 4.1.3: who does not find itself in `aud` must reject the token.
    if (claims.aud !== undefined && rule.audience === undefined) {
      return wrong('the token is for an audience, and jwt.audience is not set');
    }
    const user = claims[rule.userClaim];
    if (typeof user !== 'string') return wrong(`the token has no text in the claim ${rule.userClaim}`);
    const problem = nameProblem(user);
    if (problem !== undefined) return wrong(`the user name of the token ${problem}`);
    if (userName !== undefined && userName !== '' && userName !== user) {
      return wrong('the user name is not that of the token');
    }
    const expiresAtMs = (claims.exp! + CLOCK_TOLERANCE_S) * 1_000;
    return { kind: 'proved', identity: { user, method: 'jwt', roles: rule.roles, expiresAtMs } };
  }
}

async function payloadOf(
  token: string,
  keys: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, options)).payload;
  } catch (thrown) {
    if (!(thrown instanceof errors.JWKSMultipleMatchingKeys)) throw thrown;
    // The token names no key, as some issuers leave it: each that fits is tried.
    for await (const key of thrown) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (failed) {
        if (!(failed instanceof errors.JWSSignatureVerificationFailed)) throw failed;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}
