import { commentText, yamlText } from './yaml-text.js';

/** A key with its value, and why it is there. */
export interface DraftEntry {
  readonly key: string;
  /** YAML. */
  readonly value: string;
  readonly comment?: string;
}

/** A rule that is suggested, as it will be written. Values are YAML. */
export interface RuleDraft {
  readonly name: string;
  readonly topic: string;
  /** About the whole rule; above it. */
  readonly comments: readonly string[];
  /** Single keys, in their order. */
  readonly entries: readonly DraftEntry[];
  readonly tags: readonly DraftEntry[];
  readonly fields: readonly DraftEntry[];
  readonly policies: readonly DraftEntry[];
  /** What is in the messages and not in the rule, with the reason; below it. */
  readonly omitted: readonly string[];
}

/** The widest value that a comment is put behind; behind a longer one it would be hard to read. */
const COMMENT_COLUMN = 60;

/** Writes a rule as an item of `rules`. */
export function draftText(draft: RuleDraft): string {
  return [
    ...draft.comments.map((comment) => `  # ${commentText(comment)}`),
    `  - name: ${yamlText(draft.name)}`,
    `    topic: ${yamlText(draft.topic)}`,
    ...entryLines(draft.entries, '    '),
    ...sectionLines('tags', draft.tags),
    ...sectionLines('fields', draft.fields),
    ...sectionLines('policies', draft.policies),
    ...draft.omitted.map((comment) => `    # ${commentText(comment)}`),
  ].join('\n');
}

function sectionLines(name: string, entries: readonly DraftEntry[]): string[] {
  if (entries.length === 0) return [];
  return [`    ${name}:`, ...entryLines(entries, '      ')];
}

function entryLines(entries: readonly DraftEntry[], indent: string): string[] {
  return entries.flatMap(({ key, value, comment }) => {
    const line = `${indent}${yamlText(key)}: ${value}`;
    if (comment === undefined) return [line];
    const shown = `# ${commentText(comment)}`;
    return line.length <= COMMENT_COLUMN
      ? [`${line.padEnd(COMMENT_COLUMN)} ${shown}`]
      : [`${indent}${shown}`, line];
  });
}
