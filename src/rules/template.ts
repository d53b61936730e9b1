import type { JsonValue } from '../formats/json/json-value.js';
import { quoted } from '../lib/printable.js';
import { MappingFailure, type Reading } from './mapped.js';
import { compileReference, type Getter, type Reference, type RuleNames } from './reference.js';
import { scalarText } from './scalar-text.js';

export type TemplateResult =
  | { readonly ok: true; readonly get: Getter; readonly references: readonly Reference[] }
  | { readonly ok: false; readonly problem: string; readonly at: number; readonly hint?: string };

const PIECE = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/**
 * Compiles a text with references in braces: `{topic.site}-{payload.id}`; `{{` and `}}` are braces. It has no value when
 * one of its references has none.
 */
export function compileTemplate(text: string, names: RuleNames): TemplateResult {
  const literals: string[] = [''];
  const references: Reference[] = [];
  const append = (literal: string) => {
    literals[literals.length - 1] += literal;
  };
  let end = 0;
  for (const piece of text.matchAll(PIECE)) {
    append(text.slice(end, piece.index));
    end = piece.index + piece[0].length;
    const inside = piece[1];
    if (inside === undefined) {
      if (piece[0].length === 1) return invalid(`the brace ${piece[0]} has no partner`, piece.index);
      append(piece[0][0]!);
      continue;
    }
    const compiled = compileReference(inside.trim(), names);
    if (!compiled.ok) {
      return invalid(compiled.problem, piece.index + 1 + (compiled.at ?? 0), compiled.hint);
    }
    references.push(compiled.reference);
    literals.push('');
  }
  append(text.slice(end));
  return { ok: true, references, get: (reading) => filledIn(literals, references, reading) };
}

/** The texts before, between and behind the references of a template that can be compiled. */
export function textsOfTemplate(text: string): string[] {
  const texts = [''];
  let end = 0;
  const append = (literal: string) => {
    texts[texts.length - 1] += literal;
  };
  for (const piece of text.matchAll(PIECE)) {
    append(text.slice(end, piece.index));
    end = piece.index + piece[0].length;
    if (piece[1] === undefined) append(piece[0][0]!);
    else texts.push('');
  }
  append(text.slice(end));
  return texts;
}

function filledIn(
  literals: readonly string[],
  references: readonly Reference[],
  reading: Reading,
): JsonValue | undefined | MappingFailure {
  let text = literals[0]!;
  for (const [index, reference] of references.entries()) {
    const value = reference.get(reading);
    if (value === undefined || value === null || value === '') return undefined;
    const written = scalarText(value);
    if (written === undefined) {
      return new MappingFailure(
        'rule-value-failed',
        `{${reference.text}} of a template is ${quoted(JSON.stringify(value))}, not one text, number or boolean`,
      );
    }
    text += written + literals[index + 1]!;
  }
  return text;
}

function invalid(problem: string, at: number, hint?: string): TemplateResult {
  return { ok: false, problem, at, hint };
}
