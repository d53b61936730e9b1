import { isDeepStrictEqual } from 'node:util';
import type * as z from 'zod';
import type { LoadedConfig } from './load-config.js';
import { formatKey, type KeyPath } from './problem.js';
import { schema } from './schema.js';
import { infoOf, structureOf } from './schema-walk.js';

/** Returns the keys whose values differ, in the order of the schema; the file of a secret, a decoder or a table counts when its
 * content differs. */
export function changedKeys(before: LoadedConfig, after: LoadedConfig): string[] {
  const keys = keysBelow([], schema, before.written, after.written);
  const files = [
    ...changedSecretFiles(before, after),
    ...changedDecoderFiles(before, after),
    ...changedTableFiles(before, after),
  ];
  return [...keys, ...files.filter((key) => !keys.includes(key))];
}

function keysBelow(path: KeyPath, setting: z.core.$ZodType, before: unknown, after: unknown): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  // A section that is new or gone, or a word in its place, is one change.
  if (!isTree(before) || !isTree(after)) return [formatKey(path)];
  const structure = structureOf(setting);
  switch (structure.kind) {
    case 'section':
      return [...structure.keys]
        .filter(([, inner]) => infoOf(inner)?.aliasOf === undefined)
        .flatMap(([key, inner]) => {
          const names = [key, ...aliasesOf(key, structure.keys)];
          return keysBelow([...path, key], inner, firstWritten(before, names), firstWritten(after, names));
        });
    case 'named':
      return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
        keysBelow([...path, name], structure.value, before[name], after[name]),
      );
    case 'list': {
      const [old, now] = [Object.values(before), Object.values(after)];
      if (old.length !== now.length) return [formatKey(path)];
      return old.flatMap((entry, index) => keysBelow([...path, index], structure.entry, entry, now[index]));
    }
    case 'leaf':
      return [formatKey(path)];
  }
}

type Tree = Readonly<Record<string, unknown>>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null;
}

/** The old names of a key: a value that only moved to the new name has not changed. */
function aliasesOf(key: string, keys: ReadonlyMap<string, z.core.$ZodType>): string[] {
  return [...keys].filter(([, inner]) => infoOf(inner)?.aliasOf === key).map(([name]) => name);
}

function firstWritten(section: Tree, names: readonly string[]): unknown {
  return names.map((name) => section[name]).find((value) => value !== undefined);
}

const SECRETS = ['token', 'password'] as const;

/** A secret file keeps its name when a secret is renewed. */
function changedSecretFiles(
  { config: before }: LoadedConfig,
  { config: after, written }: LoadedConfig,
): string[] {
  const [old, now] = [before.sink, after.sink];
  if (old.kind !== 'influx' || now.kind !== 'influx') return [];
  return SECRETS.filter(
    (key) => old.influx[key] !== now.influx[key] && written.sink.influx?.[`${key}File`] !== undefined,
  ).map((key) => `sink.influx.${key}File`);
}

/** Those of the formats of topics: a rule with another decoder is another rule. */
function changedDecoderFiles({ config: before }: LoadedConfig, { config: after }: LoadedConfig): string[] {
  return after.mapping.formats.flatMap(({ format }, index) => {
    const old = before.mapping.formats[index]?.format;
    const isChanged = old?.file === format.file && old?.fileVersion !== format.fileVersion;
    return isChanged ? [formatKey(['consumer', 'formats', index, 'format', 'file'])] : [];
  });
}

function changedTableFiles(
  { config: before }: LoadedConfig,
  { config: after, written }: LoadedConfig,
): string[] {
  return Object.entries(written.consumer.tables ?? {})
    .filter(([, { file }]) => file !== undefined)
    .filter(([name]) => !isDeepStrictEqual(before.mapping.tables[name], after.mapping.tables[name]))
    .map(([name]) => formatKey(['consumer', 'tables', name, 'file']));
}
