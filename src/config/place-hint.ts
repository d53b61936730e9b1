import type * as z from 'zod';
import type { KeyPath } from './problem.js';
import { schema } from './schema.js';
import { branchAt, infoOf, structureOf } from './schema-walk.js';

type Setting = z.core.$ZodType;

/** A name that more sections have says nothing about where it belongs. */
const MAX_PLACES = 3;

/**
 * Returns where a key belongs that is unknown in its section: most often a line has the wrong indent. Undefined when no
 * section near by has such a key.
 *
 * @param path the keys down to the unknown one
 * @param written the section as it is written, to tell which sections the user has
 * @param keyOf returns a key as problems name it
 */
export function placeHint(
  path: KeyPath,
  written: Readonly<Record<string, unknown>>,
  keyOf: (path: KeyPath) => string,
): string | undefined {
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  const below = sectionsBelow(branchAt(schema, parent)).filter(({ setting }) => hasKey(setting, key));
  const present = below.filter(({ names }) => Object.hasOwn(written, names[0]!.replace('[]', '')));
  const empty = present.filter(({ names }) => names.length === 1 && isEmpty(written[names[0]!]));
  const [section] = empty.length > 0 ? empty : present.length > 0 ? present : below.length === 1 ? below : [];
  if (section !== undefined) return `it is a key of ${section.names.join('.')}: indent it below that`;
  for (let length = parent.length - 1; length >= 0; length -= 1) {
    const around = parent.slice(0, length);
    const setting = branchAt(schema, around);
    if (setting === undefined || !hasKey(setting, key)) continue;
    return `it is a key of ${length === 0 ? 'the top level' : keyOf(around)}: indent it less`;
  }
  const name = String(parent.at(-1));
  for (let length = parent.length - 2; length >= 0; length -= 1) {
    const around = parent.slice(0, length);
    const setting = branchAt(schema, around);
    if (setting === undefined || structureOf(setting).kind === 'named' || !hasKey(setting, name)) continue;
    return `${name} is a key of ${length === 0 ? 'the top level' : keyOf(around)}: indent it less`;
  }
  const elsewhere = sectionsBelow(schema, 3).filter(({ setting }) => hasKey(setting, key));
  if (elsewhere.length === 0 || elsewhere.length > MAX_PLACES) return undefined;
  return `it is a key of ${elsewhere.map(({ names }) => names.join('.')).join(' or ')}`;
}

/** Nothing behind its colon: what should be below it has lost its indent. */
function isEmpty(value: unknown): boolean {
  return value === null || value === undefined;
}

interface Section {
  readonly names: readonly string[];
  readonly setting: Setting;
}

function sectionsBelow(setting: Setting | undefined, depth = 2): Section[] {
  const structure = setting && structureOf(setting);
  if (structure?.kind !== 'section' || depth === 0) return [];
  return [...structure.keys].flatMap(([name, inner]) => {
    const deeper = sectionsBelow(inner, depth - 1).map(({ names, setting }) => ({
      names: [name, ...names],
      setting,
    }));
    const found = structureOf(inner);
    if (found.kind === 'list') return [{ names: [`${name}[]`], setting: found.entry }];
    return found.kind === 'section' ? [{ names: [name], setting: inner }, ...deeper] : [];
  });
}

function hasKey(setting: Setting, key: string): boolean {
  const structure = structureOf(setting);
  if (structure.kind !== 'section') return false;
  const inner = structure.keys.get(key);
  return inner !== undefined && infoOf(inner)?.aliasOf === undefined;
}
