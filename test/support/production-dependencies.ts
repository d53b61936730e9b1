import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../src/lib/package-root.js';

/**
 * Gives `folder` the node_modules that `npm ci --omit=dev` would install, as links to the packages of this repository.
 * It needs no network. A package that is already there, because it is bundled, stays.
 */
export function linkProductionDependencies(folder: string): void {
  const installed = packageRoot();
  const lock = JSON.parse(readFileSync(join(installed, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    const isTopLevel = path.lastIndexOf('node_modules/') === 0;
    if (!isTopLevel || dev === true) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    try {
      symlinkSync(join(installed, path), join(folder, path));
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    }
  }
}
