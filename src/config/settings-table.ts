import type * as z from 'zod';
import { profileUse } from './profiles/profile-schema.js';
import { schema } from './schema.js';
import { defaultOf, infoOf, isOptional, structureOf } from './schema-walk.js';

/** A key of the configuration as docs/configuration.md shows it. */
export interface SettingRow {
  /** A key such as `broker.listeners[].port`; `*` stands for a name that the user chooses. */
  readonly key: string;
  readonly type: string;
  /** The default as it would be written; `required` for a key without default that must be present. */
  readonly default: string;
  readonly limits: string;
  readonly description: string;
}

/** Returns every key of a file in the order of its schema, without old names. */
export function settingRows(root: z.core.$ZodType = schema): SettingRow[] {
  return rowsOf('', root);
}

function rowsOf(key: string, setting: z.core.$ZodType): SettingRow[] {
  const structure = structureOf(setting);
  const own = key === '' ? [] : [rowOf(key, setting)];
  switch (structure.kind) {
    case 'section': {
      const prefix = key === '' ? '' : `${key}.`;
      const current = [...structure.keys].filter(([, inner]) => infoOf(inner)?.aliasOf === undefined);
      return [...own, ...current.flatMap(([name, inner]) => rowsOf(`${prefix}${name}`, inner))];
    }
    case 'list':
      return [...own, ...entryRows(`${key}[]`, structure.entry)];
    case 'named':
      return [...own, ...rowsOf(`${key}.*`, structure.value)];
    case 'leaf':
      return own;
  }
}

function entryRows(key: string, entry: z.core.$ZodType): SettingRow[] {
  const rows = rowsOf(key, entry).slice(1);
  if (key !== 'rules[]') return rows;
  // In the place of a rule there may be a profile, of which the schema only sees the rules.
  const ofUse = rowsOf(key, profileUse).slice(1);
  return [...rows, ...ofUse.filter((row) => !rows.some((known) => known.key === row.key))];
}

function rowOf(key: string, setting: z.core.$ZodType): SettingRow {
  const info = infoOf(setting);
  if (info === undefined) throw new Error(`the setting ${key} has no description`);
  return {
    key,
    type: info.type,
    default: key.endsWith('.*') ? '' : defaultText(setting),
    limits: info.limits ?? '',
    description: info.description,
  };
}

function defaultText(setting: z.core.$ZodType): string {
  const unset = infoOf(setting)?.unset;
  if (unset !== undefined) return unset;
  const written = defaultOf(setting);
  if (written === undefined) return isOptional(setting) ? '' : 'required';
  // The defaults of a section or list are those of its keys.
  return typeof written === 'object' ? '' : String(written);
}

/** Returns the rows as Markdown, with one table per top-level key. */
export function settingsMarkdown(root: z.core.$ZodType = schema): string {
  const parts: string[] = [];
  const rows = settingRows(root);
  for (const top of topLevelKeys(root)) {
    const own = rows.filter(
      ({ key }) => key === top || key.startsWith(`${top}.`) || key.startsWith(`${top}[`),
    );
    const lines = own.map((row) =>
      [`\`${row.key}\``, row.type, row.default, row.limits, row.description].map(cell).join(' | '),
    );
    const head = ['| Key | Type | Default | Limits | Meaning |', '|---|---|---|---|---|'];
    parts.push([`### ${top}`, '', ...head, ...lines.map((line) => `| ${line} |`)].join('\n'));
  }
  return parts.join('\n\n');
}

function topLevelKeys(root: z.core.$ZodType): string[] {
  const structure = structureOf(root);
  return structure.kind === 'section' ? [...structure.keys.keys()] : [];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
