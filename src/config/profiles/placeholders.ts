import type { SettingValue } from './profile-schema.js';

/** `<zone>`: no template (`{…}`), no variable of the environment (`${…}`), and nothing that CEL or a topic filter can mean. */
const PLACEHOLDER = /<([A-Za-z][A-Za-z0-9]*)>/g;

/** The settings that a text of a rule asks for. */
export function placeholdersIn(value: unknown): string[] {
  return typeof value === 'string' ? [...value.matchAll(PLACEHOLDER)].map(([, name]) => name!) : [];
}

/**
 * Returns a copy of a rule, or a part of one, with the values of the settings. A text that is one placeholder becomes the
 * value as it is; inside a longer text a list is written as CEL takes it. An unknown name stays.
 */
export function fillPlaceholders(value: unknown, settings: ReadonlyMap<string, SettingValue>): unknown {
  if (typeof value === 'string') return filledText(value, settings);
  if (Array.isArray(value)) return value.map((one) => fillPlaceholders(one, settings));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, fillPlaceholders(inner, settings)]),
  );
}

function filledText(text: string, settings: ReadonlyMap<string, SettingValue>): SettingValue {
  const [whole] = placeholdersIn(text);
  if (whole !== undefined && text === `<${whole}>`) return settings.get(whole) ?? text;
  return text.replace(PLACEHOLDER, (placeholder, name: string) => {
    const value = settings.get(name);
    if (value === undefined) return placeholder;
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  });
}
