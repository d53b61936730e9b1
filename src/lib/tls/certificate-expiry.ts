import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { Warn } from '../warnings.js';
import { nameOf } from './tls-files.js';

const DAY_MS = 86_400_000;
const WARN_BEFORE_MS = 30 * DAY_MS;
const NS_PER_MS = 1_000_000n;

/** CertificateExpiry warns once a day of certificates that end soon, have ended or are not valid yet. */
export class CertificateExpiry {
  readonly #warn: Warn;
  readonly #clock: Clock;
  readonly #warnedAtMs = new Map<string, number>();

  constructor(warn: Warn, clock: Clock) {
    this.#warn = warn;
    this.#clock = clock;
  }

  /** Returns what somebody should know of the certificates in this file, and warns of it when that is due. */
  check(file: string, certificates: readonly X509Certificate[]): string[] {
    const nowMs = Number(this.#clock.nowNs() / NS_PER_MS);
    const notes = certificates.flatMap((certificate) => noteOf(file, certificate, nowMs) ?? []);
    const [first] = notes;
    if (first === undefined) {
      // A new certificate in the same file is warned of again when its time comes.
      this.#warnedAtMs.delete(file);
      return [];
    }
    const warnedAtMs = this.#warnedAtMs.get(file);
    // Also when the clock was set back.
    if (warnedAtMs === undefined || Math.abs(nowMs - warnedAtMs) >= DAY_MS) {
      this.#warnedAtMs.set(file, nowMs);
      this.#warn({ code: 'CERTIFICATE_EXPIRES', file, detail: first }, 'a certificate is not valid for long');
    }
    return notes;
  }
}

function noteOf(file: string, certificate: X509Certificate, nowMs: number): string | undefined {
  const endsMs = Date.parse(certificate.validTo);
  const name = `the certificate ${nameOf(certificate)} in ${file}`;
  if (Date.parse(certificate.validFrom) > nowMs) {
    return `${name} is not valid before ${new Date(Date.parse(certificate.validFrom)).toISOString()}: check the clock`;
  }
  const date = new Date(endsMs).toISOString();
  if (endsMs <= nowMs) return `${name} has expired at ${date}: clients refuse it`;
  if (endsMs - nowMs > WARN_BEFORE_MS) return undefined;
  return `${name} expires in ${Math.floor((endsMs - nowMs) / DAY_MS)} days, at ${date}`;
}
