import type { AccessRules } from '../access/access-rules.js';
import type { Clock } from '../lib/clock.js';
import type { Logger } from '../lib/logger.js';
import { RevocationList } from '../lib/tls/revocation-list.js';
import { TlsContexts } from '../lib/tls/tls-contexts.js';

/** The access rules as TLS needs them: they name the revocation list of client certificates. */
export interface RulesInForce {
  readonly rules: AccessRules | undefined;
  onReplaced(listener: (rules: AccessRules) => void): void;
}

/** GatewayTls has the certificates of all servers of the gateway, and what is revoked of those of clients. */
export class GatewayTls {
  readonly contexts: TlsContexts;
  readonly revocations: RevocationList;

  private constructor(logger: Pick<Logger, 'info' | 'warn'>, clock: Clock) {
    const warn: Logger['warn'] = (fields, sentence) => logger.warn(fields, sentence);
    this.revocations = new RevocationList(warn, clock);
    this.contexts = new TlsContexts({
      warn,
      info: (fields, sentence) => logger.info(fields, sentence),
      clock,
      revocations: this.revocations,
    });
  }

  /** Rejects with TLS_FILES_INVALID when the revocation list cannot be used. */
  static async open(
    access: RulesInForce,
    { logger, clock }: { readonly logger: Pick<Logger, 'info' | 'warn'>; readonly clock: Clock },
  ): Promise<GatewayTls> {
    const tls = new GatewayTls(logger, clock);
    await tls.revocations.open(access.rules?.mtls?.crlFile);
    // The rules are replaced also when only the list has changed.
    access.onReplaced(({ mtls }) => void tls.revocations.replace(mtls?.crlFile));
    return tls;
  }

  /** What somebody should know of the certificates, such as that one expires soon. */
  notes(): readonly string[] {
    return this.contexts.notes();
  }

  close(): void {
    this.contexts.close();
  }
}
