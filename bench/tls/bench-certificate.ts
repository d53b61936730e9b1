import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CertificateFiles } from '../../src/commands/certificate-files.js';
import type { ServerCertificate } from '../ack/broker.js';

/** A certificate of 127.0.0.1 (ECDSA P-256) in a directory that `remove` deletes. */
export function makeBenchCertificate(directory: string): ServerCertificate & { remove(): void } {
  const folder = mkdtempSync(join(directory, 'sluice-bench-tls-'));
  const files = new CertificateFiles(folder);
  const authority = files.makeAuthority('bench');
  files.issue('server', authority, { commonName: 'bench', use: 'server', names: ['127.0.0.1'], days: 1 });
  return {
    ca: files.path('ca.crt'),
    cert: files.path('server.crt'),
    key: files.path('server.key'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
