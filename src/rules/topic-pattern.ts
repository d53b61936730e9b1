import { quoted } from '../lib/printable.js';

export type Captures = Readonly<Record<string, string>>;

/** The names a rule may use as `topic.name`; 'unknown' when its filter cannot be read, so that one mistake is reported once. */
export type CaptureNames = readonly string[] | 'unknown';

type Level =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'one'; readonly name: string | undefined }
  | { readonly kind: 'rest'; readonly name: string | undefined };

export type PatternResult =
  | { readonly ok: true; readonly pattern: TopicPattern }
  | { readonly ok: false; readonly problem: string };

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FORBIDDEN_NAMES = new Set(['__proto__', 'constructor', 'prototype']);
/** MQTT 3.1.1 section 1.5.3: a UTF-8 string has a two-byte length. */
const MAX_FILTER_BYTES = 65_535;

/** TopicPattern is a topic filter with the matching rules of MQTT (4.7). Its wildcards may have names: `+city`, `#rest`. */
export class TopicPattern {
  readonly filter: string;
  /** In the order of the filter. */
  readonly captureNames: readonly string[];
  readonly #levels: readonly Level[];

  constructor(filter: string, levels: readonly Level[]) {
    this.filter = filter;
    this.#levels = levels;
    this.captureNames = levels.flatMap((level) =>
      level.kind !== 'literal' && level.name !== undefined ? [level.name] : [],
    );
  }

  /** The named levels, or undefined when the topic does not match. `#` also matches the level above it: then ''. */
  match(topic: string): Captures | undefined {
    const captures: Record<string, string> = {};
    return this.#walk(topic.split('/'), captures) === undefined ? captures : undefined;
  }

  /** Why the topic does not match, for a person; undefined when it does. */
  mismatch(topic: string): string | undefined {
    return this.#walk(topic.split('/'), {});
  }

  #walk(topicLevels: readonly string[], captures: Record<string, string>): string | undefined {
    const first = this.#levels[0];
    // [MQTT-4.7.2-1]: filters that start with a wildcard do not match topics that start with $.
    if (first?.kind !== 'literal' && topicLevels[0]?.startsWith('$')) {
      return 'a filter that starts with a wildcard does not take topics that start with $';
    }
    for (const [index, level] of this.#levels.entries()) {
      if (level.kind === 'rest') {
        if (level.name !== undefined) captures[level.name] = topicLevels.slice(index).join('/');
        return undefined;
      }
      const found = topicLevels[index];
      if (found === undefined) return this.#levelCount(topicLevels.length);
      if (level.kind === 'one') {
        if (level.name !== undefined) captures[level.name] = found;
      } else if (level.text !== found) {
        return `level ${index + 1} is ${quoted(found)}, not ${quoted(level.text)}`;
      }
    }
    return topicLevels.length > this.#levels.length ? this.#levelCount(topicLevels.length) : undefined;
  }

  #levelCount(found: number): string {
    const rest = this.#levels.at(-1)?.kind === 'rest';
    const wanted = rest ? `at least ${this.#levels.length - 1}` : String(this.#levels.length);
    return `the topic has ${found} level${found === 1 ? '' : 's'}, the filter wants ${wanted}`;
  }
}

export function compileTopicPattern(filter: string): PatternResult {
  if (filter === '') return invalid('the topic filter is empty');
  if (Buffer.byteLength(filter) > MAX_FILTER_BYTES) {
    return invalid(`the topic filter is longer than ${MAX_FILTER_BYTES} bytes`);
  }
  if (filter.includes('\0')) return invalid('the topic filter holds a NUL character');
  const texts = filter.split('/');
  const levels: Level[] = [];
  const names = new Set<string>();
  for (const [index, text] of texts.entries()) {
    const wildcard = text[0];
    if (wildcard !== '+' && wildcard !== '#') {
      if (text.includes('+') || text.includes('#')) {
        return invalid(
          `level ${index + 1} (${quoted(text)}): a wildcard must be the first character of its level`,
        );
      }
      levels.push({ kind: 'literal', text });
      continue;
    }
    if (wildcard === '#' && index < texts.length - 1) {
      return invalid(`level ${index + 1} (${quoted(text)}): # must be the last level`);
    }
    const name = text.slice(1);
    if (name !== '' && (!NAME.test(name) || FORBIDDEN_NAMES.has(name))) {
      return invalid(
        `level ${index + 1} (${quoted(text)}): a name after ${wildcard} is letters, digits and _, not starting with a digit`,
      );
    }
    if (name !== '' && names.has(name)) {
      return invalid(`level ${index + 1} (${quoted(text)}): the name ${name} is used twice`);
    }
    names.add(name);
    levels.push({ kind: wildcard === '+' ? 'one' : 'rest', name: name === '' ? undefined : name });
  }
  return { ok: true, pattern: new TopicPattern(filter, levels) };
}

function invalid(problem: string): PatternResult {
  return { ok: false, problem };
}
