import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { bundle } from './bundle.js';

/**
 * Builds once before the first test: some tests start the real program. They start it from few files, unless
 * SLUICE_UNBUNDLED is 1: then as users have it.
 */
export default async function build(): Promise<void> {
  const root = join(import.meta.dirname, '..', '..');
  execFileSync(process.execPath, [join(root, 'bin', 'build.js')], { stdio: 'inherit' });
  if (process.env.SLUICE_UNBUNDLED === '1') return;
  process.env.SLUICE_LAUNCHER = await bundle(root);
}
