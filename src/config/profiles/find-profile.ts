import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { errorText, systemErrorCode } from '../../lib/errors.js';
import { nearestName } from '../../lib/nearest-name.js';
import { packageRoot } from '../../lib/package-root.js';
import type { Finding } from '../findings.js';

const ENDING = '.yaml';

/** The profiles that come with Sluice, by their names. */
export function shippedProfiles(): readonly string[] {
  return readdirSync(shippedFolder())
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();
}

function shippedFolder(): string {
  return join(packageRoot(), 'src/profiles');
}

export type ProfileFound =
  | { readonly ok: true; readonly text: string; readonly file: string }
  | { readonly ok: false; readonly finding: Finding };

/** Whether a profile is named by the path of its file: something with a slash, or the ending of a YAML file. */
export function isPathOfProfile(name: string): boolean {
  return /[/\\]|\.ya?ml$/i.test(name);
}

/** Finds a profile by its name, or by a path. */
export function findProfile(name: string, directory: string): ProfileFound {
  if (isPathOfProfile(name)) return readFound(isAbsolute(name) ? name : join(directory, name));
  const shipped = shippedProfiles();
  if (shipped.includes(name)) return readFound(join(shippedFolder(), name + ENDING));
  return { ok: false, finding: unknownProfile(name, directory, shipped) };
}

function unknownProfile(name: string, directory: string, shipped: readonly string[]): Finding {
  const expected = `a profile of \`sluice profiles list\` (${shipped.join(', ')}), or a path`;
  const own = [`${name}.yaml`, `${name}.yml`].find((file) => existsSync(join(directory, file)));
  if (own !== undefined) return { expected, hint: `write ./${own} for the file` };
  const nearest = nearestName(name, shipped);
  return nearest === undefined ? { expected } : { expected, hint: `did you mean ${nearest}?` };
}

function readFound(file: string): ProfileFound {
  try {
    // Something like /dev/zero has no end.
    if (!statSync(file).isFile()) {
      return { ok: false, finding: { expected: 'a file that can be read', hint: `${file} is no file` } };
    }
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)), file };
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    let hint = errorText(thrown);
    if (code === 'ENOENT') hint = `no file is at ${file}`;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') hint = 'it is not UTF-8 text';
    return { ok: false, finding: { expected: 'a file that can be read', hint } };
  }
}
