import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Finds the folder of Sluice's own package.json by walking up from `fromUrl`: the code runs from `src` under vitest
 * and from `dist/src` when compiled.
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

/** How the user calls Sluice: `npx sluice` in a clone of the repository, which has the sources; `sluice` elsewhere. */
export const COMMAND = existsSync(join(packageRoot(), 'src', 'main.ts')) ? 'npx sluice' : 'sluice';

/** A command line of Sluice as the user types it in this installation. */
export function sluiceCommand(args: string): string {
  return `${COMMAND} ${args}`;
}

/** A text that quotes commands as `sluice …`, with each of them as the user types it in this installation. */
export function withSluiceCommands(text: string): string {
  return text.replaceAll('`sluice ', `\`${COMMAND} `);
}

const PACKAGE = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly releaseDate: string;
};

/** The version in package.json. */
export const VERSION: string = PACKAGE.version;

/** Midnight UTC of the day in package.json on which this version was released: no clock before it can be correct. */
export const RELEASED_AT_MS: number = Date.parse(PACKAGE.releaseDate);
