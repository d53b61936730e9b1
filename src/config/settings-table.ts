import type * as z from 'zod';
import { schema } from './schema.js';
import { defaultOf, infoOf, isOptional, structureOf } from './schema-walk.js';

/** One key of the configuration as docs/configuration.md shows it. */
export interface SettingRow {
  /** `broker.listeners[].port`; `*` stands for a name of the user's own. */
  readonly key: string;
  readonly type: string;
  /** As it would be written; `required` where there is none and the key must be there. */
  readonly default: string;
  readonly limits: string;
  readonly says: string;
}

/** Every key of the schema, in its order. */
export function settingRows(): SettingRow[] {
  return rowsOf('', schema);
}

function rowsOf(key: string, setting: z.core.$ZodType): SettingRow[] {
  const structure = structureOf(setting);
  const own = key === '' ? [] : [rowOf(key, setting)];
  switch (structure.kind) {
    case 'section': {
      const prefix = key === '' ? '' : `${key}.`;
      return [...own, ...[...structure.keys].flatMap(([name, inner]) => rowsOf(`${prefix}${name}`, inner))];
    }
    case 'list':
      return [...own, ...rowsOf(`${key}[]`, structure.entry).slice(1)];
    case 'named':
      return [...own, ...rowsOf(`${key}.*`, structure.value)];
    case 'leaf':
      return own;
  }
}

function rowOf(key: string, setting: z.core.$ZodType): SettingRow {
  const info = infoOf(setting);
  if (info === undefined) throw new Error(`the setting ${key} has no description`);
  return {
    key,
    type: info.type,
    default: key.endsWith('.*') ? '' : defaultText(setting),
    limits: info.limits ?? '',
    says: info.says,
  };
}

function defaultText(setting: z.core.$ZodType): string {
  const unset = infoOf(setting)?.unset;
  if (unset !== undefined) return unset;
  const written = defaultOf(setting);
  if (written === undefined) return isOptional(setting) ? '' : 'required';
  // A section or list that stands by itself has the defaults of its keys.
  return typeof written === 'object' ? '' : String(written);
}

/** The rows as one Markdown table a top-level key. */
export function settingsMarkdown(): string {
  const parts: string[] = [];
  const rows = settingRows();
  for (const top of structureKeys()) {
    const own = rows.filter(
      ({ key }) => key === top || key.startsWith(`${top}.`) || key.startsWith(`${top}[`),
    );
    const lines = own.map((row) =>
      [`\`${row.key}\``, row.type, row.default, row.limits, row.says].map(cell).join(' | '),
    );
    const head = ['| Key | Type | Default | Limits | Meaning |', '|---|---|---|---|---|'];
    parts.push([`### ${top}`, '', ...head, ...lines.map((line) => `| ${line} |`)].join('\n'));
  }
  return parts.join('\n\n');
}

function structureKeys(): string[] {
  const structure = structureOf(schema);
  return structure.kind === 'section' ? [...structure.keys.keys()] : [];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
