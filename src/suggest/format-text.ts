import { contentTypeFormat } from '../formats/content-type-format.js';
import type { FormatOptions } from '../formats/format-options.js';
import type { DetectedFormat } from './detect-format.js';
import type { DraftEntry } from './rule-draft.js';
import { yamlList, yamlScalar, yamlSection } from './yaml-text.js';

/** The key `format` of a rule; undefined where the rule needs none. */
export function formatEntry({ options, certainty, why, units }: DetectedFormat): DraftEntry | undefined {
  const { type, ...more } = options;
  const isDefault = (type === 'json' && Object.keys(more).length === 0) || type === 'sparkplug';
  if ((isDefault || isFoundByMagic(options)) && !isNamedOtherwise(type, units)) return undefined;
  const comment = `${certainty}: ${why}`;
  const entries = Object.entries(more).map(([key, value]) => [key, optionText(value)] as const);
  if (entries.length === 0) return { key: 'format', value: type, comment };
  return { key: 'format', value: yamlSection([['type', type], ...entries]), comment };
}

/** Whether a message would be decoded by its content type where the rule names no format. */
function isNamedOtherwise(type: string, units: DetectedFormat['units']): boolean {
  return units.some(({ message: { properties } }) => {
    const named =
      properties?.contentType === undefined ? undefined : contentTypeFormat(properties.contentType);
    return named !== undefined && named.name !== type;
  });
}

/** JSON in gzip or zstd is decoded by its first bytes where a rule names no format. */
function isFoundByMagic({ type, compression, lenient }: FormatOptions): boolean {
  return type === 'json' && lenient === undefined && (compression === 'gzip' || compression === 'zstd');
}

function optionText(value: string | number | boolean | readonly string[] | undefined): string {
  if (typeof value === 'object') return yamlList(value);
  // A tab and a semicolon need quotes, which yamlScalar gives them.
  return yamlScalar(value ?? '');
}
