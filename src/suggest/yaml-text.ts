import { printable } from '../lib/printable.js';

const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
/** Words that YAML readers take for booleans or nothing. */
const RESERVED = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
const MAX_COMMENT_CHARACTERS = 200;

/** A text as a key or value of YAML, in quotes where it needs them. `${` is written so that no variable is looked for. */
export function yamlText(text: string): string {
  if (PLAIN.test(text) && !RESERVED.test(text)) return text;
  return JSON.stringify(text.replaceAll('${', () => '$${'));
}

export function yamlScalar(value: string | number | boolean): string {
  return typeof value === 'string' ? yamlText(value) : String(value);
}

export function yamlList(values: readonly (string | number)[]): string {
  return `[${values.map(yamlScalar).join(', ')}]`;
}

/** A section on one line. Values are YAML already. */
export function yamlSection(entries: readonly (readonly [key: string, value: string])[]): string {
  return `{ ${entries.map(([key, value]) => `${yamlText(key)}: ${value}`).join(', ')} }`;
}

/** Text for a comment: one line, and nothing in it that moves the cursor of a terminal. */
export function commentText(text: string): string {
  return printable(text.replace(/\s+/g, ' ').trim(), MAX_COMMENT_CHARACTERS);
}
