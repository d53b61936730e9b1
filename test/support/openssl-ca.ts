import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireServer } from '../../harness/servers.js';

/** Whether `openssl` is installed: tests of certificates are made with it, so that nothing of ours checks itself. */
export const HAS_OPENSSL = requireServer('openssl');

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** Such as `DNS:localhost,IP:127.0.0.1`. */
  readonly names?: string;
  readonly from?: Date;
  readonly until?: Date;
}

const DAY_MS = 86_400_000;

/** A CA in a directory of a test, made with `openssl`. */
export class OpensslCa {
  /** The certificate of the CA. */
  readonly cert: string;
  readonly crl: string;
  readonly #directory: string;
  readonly #name: string;
  readonly #config: string;

  constructor(directory: string, name = 'test-ca') {
    this.#directory = directory;
    this.#name = name;
    this.cert = join(directory, `${name}.crt`);
    this.crl = join(directory, `${name}.crl`);
    this.#config = join(directory, `${name}.cnf`);
    writeFileSync(join(directory, `${name}.index`), '');
    writeFileSync(join(directory, `${name}.serial`), '1000\n');
    writeFileSync(join(directory, `${name}.crlnumber`), '01\n');
    writeFileSync(this.#config, this.#configText(''));
    this.#openssl(
      ['req', '-x509', '-config', this.#config, '-extensions', 'ca_extensions', '-days', '60'],
      [
        ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`],
        ['-keyout', this.#key, '-out', this.cert],
      ],
    );
  }

  /** Makes a key and a certificate for it, in files named after `name`. */
  issue(name: string, { names, from, until }: IssueOptions = {}): CertificateFiles {
    const cert = join(this.#directory, `${name}.crt`);
    const key = join(this.#directory, `${name}.key`);
    const request = join(this.#directory, `${name}.csr`);
    writeFileSync(this.#config, this.#configText(names === undefined ? '' : `subjectAltName=${names}`));
    this.#openssl(
      ['req', '-config', this.#config, '-new', '-newkey', 'ec', '-nodes'],
      [['-pkeyopt', 'ec_paramgen_curve:P-256', '-subj', `/CN=${name}`, '-keyout', key, '-out', request]],
    );
    const start = from ?? new Date(Date.now() - DAY_MS);
    const end = until ?? new Date(Date.now() + 60 * DAY_MS);
    this.#openssl(
      ['ca', '-config', this.#config, '-batch', '-notext', '-extensions', 'issued'],
      [['-startdate', opensslTime(start), '-enddate', opensslTime(end), '-in', request, '-out', cert]],
    );
    chmodSync(key, 0o600);
    return { cert, key };
  }

  /** Writes the revocation list, with these certificates in addition to earlier ones. */
  revoke(certs: readonly string[], until = new Date(Date.now() + 30 * DAY_MS)): string {
    for (const cert of certs) this.#openssl(['ca', '-config', this.#config, '-revoke', cert]);
    const lasts = ['-crl_lastupdate', opensslTime(new Date(Math.min(Date.now(), until.getTime()) - DAY_MS))];
    const next = ['-crl_nextupdate', opensslTime(until)];
    this.#openssl(['ca', '-config', this.#config, '-gencrl', '-out', this.crl], [lasts, next]);
    return this.crl;
  }

  /** The certificate of the CA as PEM text. */
  get pem(): string {
    return readFileSync(this.cert, 'utf8');
  }

  get #key(): string {
    return join(this.#directory, `${this.#name}.key`);
  }

  #openssl(args: readonly string[], more: readonly (readonly string[])[] = []): void {
    execFileSync('openssl', [...args, ...more.flat()], { stdio: 'pipe' });
  }

  #configText(extension: string): string {
    const file = (ending: string) => join(this.#directory, `${this.#name}.${ending}`);
    return `
[req]
distinguished_name=dn
[dn]
[ca_extensions]
basicConstraints=critical,CA:true
keyUsage=critical,keyCertSign,cRLSign
[issued]
basicConstraints=critical,CA:false
${extension}
[ca]
default_ca=this
[this]
database=${file('index')}
serial=${file('serial')}
crlnumber=${file('crlnumber')}
new_certs_dir=${this.#directory}
certificate=${this.cert}
private_key=${this.#key}
default_md=sha256
default_crl_days=30
unique_subject=no
policy=policy
[policy]
commonName=supplied
`;
  }
}

function opensslTime(date: Date): string {
  return `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
}
