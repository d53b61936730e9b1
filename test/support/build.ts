import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Builds once before the first test: some tests start the real program. */
export default function build(): void {
  const root = join(import.meta.dirname, '..', '..');
  execFileSync(process.execPath, [join(root, 'bin', 'build.js')], { stdio: 'inherit' });
}
