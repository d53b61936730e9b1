import { stringify } from 'yaml';
import type * as z from 'zod';
import { formatDuration, formatSize } from '../lib/quantity.js';
import { schema, type Written } from './schema.js';
import { infoOf, structureOf } from './schema-walk.js';

/** Returns the configuration with the keys of the file and every default filled in; secrets show only as `set` or `unset`. */
export function redact(written: Written): unknown {
  return shown(schema, written);
}

/** Returns the redacted configuration as YAML. */
export function effectiveConfigText(written: Written): string {
  return stringify(redact(written), { lineWidth: 0, aliasDuplicateObjects: false });
}

function shown(setting: z.core.$ZodType, value: unknown): unknown {
  const info = infoOf(setting);
  if (info?.isSecret) return value === undefined ? 'unset' : 'set';
  if (value === undefined || value === false) return value;
  const structure = structureOf(setting);
  // A word or a duration may stand in place of a section or list.
  if (structure.kind !== 'leaf' && typeof value !== 'object') return written(info?.type, value);
  switch (structure.kind) {
    case 'list':
      return (value as readonly unknown[]).map((entry) => shown(structure.entry, entry));
    case 'named':
      return mapped(Object.entries(value as object), ([, inner]) => shown(structure.value, inner));
    case 'section': {
      const section = value as Readonly<Record<string, unknown>>;
      const keys = [...structure.keys].filter(
        ([key, inner]) => section[key] !== undefined || infoOf(inner)?.isSecret,
      );
      return mapped(keys, ([key, inner]) => shown(inner, section[key]));
    }
    case 'leaf':
      return written(info?.type, value);
  }
}

/** A value as it is written in the file. */
function written(type: string | undefined, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  if (type === 'size') return formatSize(value);
  if (type === 'share') return `${Number((value * 100).toPrecision(12))}%`;
  return type?.startsWith('duration') ? formatDuration(value) : value;
}

function mapped<T>(
  entries: readonly [string, T][],
  map: (entry: [string, T]) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(entries.map((entry) => [entry[0], map(entry)]));
}
