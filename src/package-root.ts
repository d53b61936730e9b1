import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of Sluice's own package.json, found by walking up from `fromUrl`: the sources run from `src`
 * under vitest and from `dist/src` when compiled, and the page's files lie beside neither.
 */
export function packageRoot(fromUrl: string = import.meta.url): string {
  let folder = dirname(fileURLToPath(fromUrl));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`No package.json above ${fileURLToPath(fromUrl)}.`);
    folder = parent;
  }
  return folder;
}

/** The folder that holds the main file of an installed package, wherever npm hoisted it to. */
export function dependencyFolder(name: string): string {
  const require = createRequire(join(packageRoot(), 'package.json'));
  return dirname(require.resolve(name));
}
