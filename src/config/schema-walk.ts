import * as z from 'zod';
import type { KeyPath } from './problem.js';
import { type SettingInfo, settingInfos } from './setting.js';

/** Functions that read the schema: the structure, default and info of a key, and the keys of a section. */

type Schema = z.core.$ZodType;

/** Returns the schema inside a wrapper (default, optional, shorthand, word or section). */
function inside(schema: Schema): Schema | undefined {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return schema.def.innerType;
  if (schema instanceof z.ZodUnion) return schema.def.options.at(-1);
  // A leaf is `unknown` with a transform behind it; a shorthand has its transform in front.
  if (schema instanceof z.ZodPipe)
    return schema.def.in instanceof z.ZodTransform ? schema.def.out : schema.def.in;
  return undefined;
}

/** Returns the outermost info of a schema. */
export function infoOf(schema: Schema): SettingInfo | undefined {
  for (let at: Schema | undefined = schema; at !== undefined; at = inside(at)) {
    const info = settingInfos.get(at);
    if (info !== undefined) return info;
  }
  return undefined;
}

/** Returns the default of a key as it would be written. */
export function defaultOf(schema: Schema): unknown {
  return schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined;
}

export function isOptional(schema: Schema): boolean {
  return schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
}

export type Structure =
  | { readonly kind: 'section'; readonly keys: ReadonlyMap<string, Schema> }
  | { readonly kind: 'list'; readonly entry: Schema }
  | { readonly kind: 'named'; readonly value: Schema }
  | { readonly kind: 'leaf' };

/** Returns the structure of a schema without its wrappers. */
export function structureOf(schema: Schema): Structure {
  for (let at: Schema | undefined = schema; at !== undefined; at = inside(at)) {
    if (at instanceof z.ZodObject) return { kind: 'section', keys: new Map(Object.entries(at.def.shape)) };
    if (at instanceof z.ZodArray) return { kind: 'list', entry: at.def.element };
    if (at instanceof z.ZodRecord) return { kind: 'named', value: at.def.valueType };
  }
  return { kind: 'leaf' };
}

/** One entry may stand in the place of a list: then the structure is that of an entry. */
function entryStructureOf(schema: Schema): Structure {
  const structure = structureOf(schema);
  return structure.kind === 'list' ? structureOf(structure.entry) : structure;
}

/** Returns the schema of a key; undefined for an unknown key. */
export function branchAt(schema: Schema, path: KeyPath): Schema | undefined {
  let branch: Schema | undefined = schema;
  for (const step of path) {
    if (branch === undefined) return undefined;
    const structure: Structure = typeof step === 'number' ? structureOf(branch) : entryStructureOf(branch);
    if (structure.kind === 'section') branch = structure.keys.get(String(step));
    else if (structure.kind === 'list') branch = structure.entry;
    else if (structure.kind === 'named') branch = structure.value;
    else return undefined;
  }
  return branch;
}

/** Returns the keys of a section for hints, without old names. */
export function knownKeysAt(schema: Schema, path: KeyPath): readonly string[] {
  const branch = branchAt(schema, path);
  const structure = branch && entryStructureOf(branch);
  if (structure?.kind !== 'section') return [];
  return [...structure.keys].filter(([, inner]) => infoOf(inner)?.aliasOf === undefined).map(([key]) => key);
}
