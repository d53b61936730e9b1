import { quoted } from '../lib/printable.js';
import { keyProblem } from './point-names.js';
import type { TagOptions } from './rule-options.js';
import type { ProblemList, RulePath } from './rule-problem.js';
import { type TagReader, tagValueProblem } from './series-cache.js';
import { compileSource, isOfTopic, type Source, type SourceNames } from './source.js';
import { compileWords } from './value-words.js';

export interface CompiledTags {
  /** Sorted by the UTF-8 bytes of their names, as SeriesCache needs them. */
  readonly readers: readonly TagReader[];
  readonly sources: readonly Source[];
}

/** Compiles the tags of a rule, and adds everything wrong with them to `list`. */
export function compileTags(
  options: Readonly<Record<string, TagOptions>>,
  names: SourceNames,
  list: ProblemList,
): CompiledTags {
  const readers: TagReader[] = [];
  const sources: Source[] = [];
  for (const [name, tag] of Object.entries(options)) {
    const path = ['tags', name];
    const problem = keyProblem(name);
    if (problem !== undefined) list.add(path, quoted(name), `a tag name; this one ${problem}`);
    checkConstant([...path, 'value'], tag.value, list);
    checkConstant([...path, 'default'], tag.default, list);
    if (tag.required === true && tag.default !== undefined) {
      list.add([...path, 'required'], 'required beside a default', 'only one of them');
    }
    const source = compileSource(tag, { path }, names, list);
    if (source === undefined) continue;
    sources.push(source);
    readers.push(tagReader(name, tag, source));
  }
  readers.sort((left, right) => Buffer.compare(Buffer.from(left.name), Buffer.from(right.name)));
  return { readers, sources };
}

function tagReader(name: string, tag: TagOptions, source: Source): TagReader {
  const { get, origin } = source;
  const prepare = compileWords(tag);
  const { otherwise, default: fallback, required } = tag;
  return {
    name,
    get,
    origin,
    isOfTopic: isOfTopic(source),
    ...(prepare !== undefined && { prepare }),
    ...(fallback !== undefined && { fallback }),
    ...(required !== undefined && { isRequired: required }),
    ...(otherwise !== undefined && otherwise !== 'park' && { otherwise }),
  };
}

function checkConstant(path: RulePath, value: unknown, list: ProblemList): void {
  if (value === undefined) return;
  const text = String(value);
  const problem = text === '' ? 'is empty' : tagValueProblem(text);
  if (problem !== undefined) list.add(path, quoted(text), `a tag value; this one ${problem}`);
}
