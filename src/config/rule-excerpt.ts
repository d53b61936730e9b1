import { Document, isScalar, visit } from 'yaml';
import type { LoadedConfig } from './load-config.js';
import type { KeyPath } from './problem.js';
import { redact } from './redact.js';

/** The part of a rule that decides about something, and where it is written. */
export interface RuleExcerpt {
  /** As the user gave it, or what stands in place of a file. */
  readonly file: string;
  /** Line from 1; absent when the part is not written there, such as a rule of a profile. */
  readonly line?: number;
  /** A key such as `rules[0].fields.humidity`. */
  readonly key: string;
  /** The part as YAML, with every default filled in; cut when it is long. */
  readonly text: string;
}

const MAX_LINES = 24;
const MAX_CHARACTERS = 2_000;

/**
 * Returns a part of a rule in force; `undefined` when no rule has this name.
 *
 * @param path the keys inside the rule, such as `['fields', 'humidity']`; those behind the last that the rule has are ignored
 */
export function ruleExcerpt(loaded: LoadedConfig, ruleName: string, path: KeyPath): RuleExcerpt | undefined {
  const index = loaded.config.rules.findIndex(({ name }) => name === ruleName);
  const rules = (redact(loaded.written) as { readonly rules?: unknown }).rules;
  if (index < 0 || !Array.isArray(rules)) return undefined;
  const inside: (string | number)[] = [];
  let part: unknown = (rules as unknown[])[index];
  for (const step of path) {
    if (typeof part !== 'object' || part === null || !Object.hasOwn(part, step)) break;
    part = (part as Readonly<Record<string | number, unknown>>)[step];
    inside.push(step);
  }
  const named = [...inside].reverse().reduce<unknown>((inner, step) => ({ [step]: inner }), part);
  const key = ['rules', index, ...inside];
  const { file, line } = loaded.locationOf(key);
  return { file, line, key: loaded.keyOf(key), text: shortened(yamlOf(named)) };
}

function yamlOf(part: unknown): string {
  const document = new Document(part, { aliasDuplicateObjects: false });
  visit(document, {
    // `[0, 100]`, as people write it.
    Seq: (_key, list) => {
      list.flow = list.items.every(isScalar);
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function shortened(text: string): string {
  const lines = text.trimEnd().split('\n');
  const shown = lines.slice(0, MAX_LINES).join('\n').slice(0, MAX_CHARACTERS);
  return lines.length > MAX_LINES || shown.length === MAX_CHARACTERS ? `${shown}\n…` : shown;
}
