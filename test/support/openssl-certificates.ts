import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of the PEM files that openssl has made. */
export interface OpensslCertificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Makes a client certificate whose common name is `name`. */
  client(name: string): { readonly cert: string; readonly key: string };
}

/** A CA, and a server certificate for localhost and 127.0.0.1, made by openssl as a person would. */
export function opensslCertificates(directory: string): OpensslCertificates {
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const newKey = (file: string) => {
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file);
    chmodSync(at(file), 0o600);
  };
  newKey('ca.key');
  openssl('req', '-x509', '-new', '-key', 'ca.key', '-subj', '/CN=Test CA', '-days', '60', '-out', 'ca.crt');
  const sign = (name: string, extensions: string) => {
    newKey(`${name}.key`);
    openssl('req', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`);
    writeFileSync(at(`${name}.ext`), extensions);
    const request = ['x509', '-req', '-in', `${name}.csr`, '-extfile', `${name}.ext`, '-days', '60'];
    openssl(...request, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-out', `${name}.crt`);
    return { cert: at(`${name}.crt`), key: at(`${name}.key`) };
  };
  const server = sign('localhost', 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  return {
    ca: at('ca.crt'),
    ...server,
    client: (name) => sign(name, 'extendedKeyUsage=clientAuth\n'),
  };
}
