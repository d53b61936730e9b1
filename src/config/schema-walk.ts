import * as z from 'zod';
import type { KeyPath } from './problem.js';
import { type SettingInfo, settingInfos } from './setting.js';

/** Reading the schema itself: what a key is, which keys are known beside it, what its default is. */

type Schema = z.core.$ZodType;

/** What a wrapper (default, optional, shorthand, word or section) is about. */
function inside(schema: Schema): Schema | undefined {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return schema.def.innerType;
  if (schema instanceof z.ZodUnion) return schema.def.options.at(-1);
  // A leaf reads anything and transforms it: it is described as a whole.
  if (schema instanceof z.ZodPipe)
    return schema.def.in instanceof z.ZodTransform ? schema.def.out : schema.def.in;
  return undefined;
}

/** The outermost description of a schema. */
export function infoOf(schema: Schema): SettingInfo | undefined {
  for (let at: Schema | undefined = schema; at !== undefined; at = inside(at)) {
    const info = settingInfos.get(at);
    if (info !== undefined) return info;
  }
  return undefined;
}

/** The value that stands for a key that is not written, as it would be written. */
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

/** What a schema is made of once its wrappers are taken off. */
export function structureOf(schema: Schema): Structure {
  for (let at: Schema | undefined = schema; at !== undefined; at = inside(at)) {
    if (at instanceof z.ZodObject) return { kind: 'section', keys: new Map(Object.entries(at.def.shape)) };
    if (at instanceof z.ZodArray) return { kind: 'list', entry: at.def.element };
    if (at instanceof z.ZodRecord) return { kind: 'named', value: at.def.valueType };
  }
  return { kind: 'leaf' };
}

/** The schema of a key; undefined for one that is not known. */
export function branchAt(schema: Schema, path: KeyPath): Schema | undefined {
  let branch: Schema | undefined = schema;
  for (const step of path) {
    if (branch === undefined) return undefined;
    const structure: Structure = structureOf(branch);
    if (structure.kind === 'section') branch = structure.keys.get(String(step));
    else if (structure.kind === 'list') branch = structure.entry;
    else if (structure.kind === 'named') branch = structure.value;
    else return undefined;
  }
  return branch;
}

export function knownKeysAt(schema: Schema, path: KeyPath): readonly string[] {
  const branch = branchAt(schema, path);
  const structure = branch && structureOf(branch);
  return structure?.kind === 'section' ? [...structure.keys.keys()] : [];
}
