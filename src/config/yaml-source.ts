import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { printable } from '../lib/printable.js';
import { aliasTargets, MAX_ALIASES } from './alias-targets.js';
import { type Environment, substitute } from './environment.js';
import { offsetInScalar } from './offset-in-scalar.js';
import { parseYaml } from './parse-yaml.js';
import {
  type ConfigProblem,
  formatKey,
  type KeyPath,
  type SourceExcerpt,
  type SourceLocation,
} from './problem.js';
import { type HiddenSpan, lineBounds } from './yaml-fault.js';

/** Limits that stop files which are not configuration at all. */
const MAX_FILE_CHARACTERS = 1_048_576;
const MAX_DEPTH = 32;
const MAX_NODES = 50_000;
/** A file with more problems is not one that a person corrects line by line. */
const MAX_PROBLEMS = 100;

/** The file as plain values, with the location of each. */
export interface YamlSource {
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** Variables in the file that are not set. */
  readonly unset: readonly UnsetVariable[];
  /** The keys that could not be read because of these problems. */
  readonly unreadable: readonly KeyPath[];
  /** Returns the location of a key, or of the nearest section around a key that is not written. */
  locationOf(path: KeyPath): SourceLocation;
  /** Returns why a key that is written has no value. */
  hintOf(path: KeyPath): string | undefined;
  /** Returns the place of one character of a text; undefined where that cannot be known. */
  placeInText(path: KeyPath, at: number): PlaceInText | undefined;
  /** Returns the variables in a value, written as `${NAME}`. */
  variablesOf(path: KeyPath): readonly string[];
}

export interface UnsetVariable {
  readonly path: KeyPath;
  readonly problem: ConfigProblem;
}

export interface PlaceInText extends SourceLocation {
  readonly excerpt: SourceExcerpt;
}

/**
 * Reads one YAML document and replaces `${NAME}` in its texts by the variable of `environment`. A key without a value
 * counts as not written. Never throws: errors are in `problems`.
 */
export function readYaml(text: string, file: string, environment: Environment): YamlSource {
  return sourceOf(new YamlReader(text, file, environment));
}

/** Reads one YAML document as it is: `${NAME}` is text, and null is a value. */
export function readPlainYaml(text: string, file: string): YamlSource {
  return sourceOf(new YamlReader(text, file, undefined));
}

function sourceOf(reader: YamlReader): YamlSource {
  return {
    ...reader.read(),
    locationOf: (path) => reader.locationOf(path),
    hintOf: (path) => reader.hintOf(path),
    placeInText: (path, at) => reader.placeInText(path, at),
    variablesOf: (path) => reader.variablesOf(path),
  };
}

class YamlReader {
  readonly #text: string;
  readonly #file: string;
  /** Absent for a document that is read as it is. */
  readonly #environment: Environment | undefined;
  #lines = new LineCounter();
  readonly #problems: ConfigProblem[] = [];
  readonly #unset: UnsetVariable[] = [];
  readonly #unreadable: KeyPath[] = [];
  readonly #offsets = new Map<string, number>();
  /** The keys in their order, with the columns by which lines below belong to them. */
  readonly #keys: { readonly path: KeyPath; readonly offset: number; readonly column: number }[] = [];
  /** What was hidden of the file because of faults of its YAML. */
  #hidden: readonly HiddenSpan[] = [];
  /** Those of them that are a part of one value. */
  readonly #masked = new Set<HiddenSpan>();
  readonly #hints = new Map<string, string>();
  readonly #texts = new Map<string, Scalar>();
  readonly #variables = new Map<string, readonly string[]>();
  /** What each alias stands for; absent for one whose anchor is not defined before it. */
  #targets: ReadonlyMap<Alias, Node> = new Map();
  #nodes = 0;

  constructor(text: string, file: string, environment: Environment | undefined) {
    this.#text = text;
    this.#file = file;
    this.#environment = environment;
  }

  read(): Pick<YamlSource, 'value' | 'problems' | 'unset' | 'unreadable'> {
    const found = { problems: this.#problems, unset: this.#unset, unreadable: this.#unreadable };
    const document = this.#parse();
    if (document === undefined) return { ...found, value: {} };
    const targets = aliasTargets(document);
    if (targets === undefined) {
      this.#add(
        { file: this.#file },
        [],
        `more than ${MAX_ALIASES} aliases`,
        'a configuration with few aliases',
      );
      return { ...found, value: {} };
    }
    this.#targets = targets;
    const value = document.contents === null ? undefined : this.#valueOf(document.contents, [], 0);
    for (const span of this.#hidden) {
      if (!this.#masked.has(span)) this.#unreadable.push(this.#sectionAround(span));
    }
    return { ...found, value: value ?? {} };
  }

  hintOf(path: KeyPath): string | undefined {
    return this.#hints.get(formatKey(path));
  }

  locationOf(path: KeyPath): SourceLocation {
    for (let length = path.length; length > 0; length -= 1) {
      const offset = this.#offsets.get(formatKey(path.slice(0, length)));
      if (offset !== undefined) return this.#locationAt(offset);
    }
    return { file: this.#file };
  }

  placeInText(path: KeyPath, at: number): PlaceInText | undefined {
    const [key, scalar] = this.#textAt(path) ?? [];
    if (key === undefined || scalar?.range == null) return undefined;
    const offset = offsetInScalar(this.#text, scalar, at);
    if (offset === undefined) return undefined;
    // The rest of the line may be another value, which may be a secret.
    const start = Math.max(this.#text.lastIndexOf('\n', offset - 1) + 1, this.#offsets.get(key) ?? 0);
    const lineEnd = this.#text.indexOf('\n', offset);
    const end = lineEnd < 0 ? scalar.range[1] : Math.min(lineEnd, scalar.range[1]);
    return {
      ...this.#locationAt(offset),
      excerpt: { text: this.#text.slice(start, end), at: offset - start },
    };
  }

  /** The text at a key, or at the key that it is a shorthand for. */
  #textAt(path: KeyPath): readonly [string, Scalar] | undefined {
    for (const keyPath of [path, path.slice(0, -1)]) {
      const key = formatKey(keyPath);
      const scalar = this.#texts.get(key);
      if (scalar !== undefined) return [key, scalar];
    }
    return undefined;
  }

  variablesOf(path: KeyPath): readonly string[] {
    // A shorthand is one text that stands for a section with more keys.
    for (let length = path.length; length > 0; length -= 1) {
      const variables = this.#variables.get(formatKey(path.slice(0, length)));
      if (variables !== undefined) return variables;
    }
    return [];
  }

  #parse(): Document.Parsed | undefined {
    if (this.#text.length > MAX_FILE_CHARACTERS) {
      this.#add({ file: this.#file }, [], 'a file of more than 1 MiB', 'a configuration');
      return undefined;
    }
    const { document, lines, faults, failure } = parseYaml(this.#text);
    this.#lines = lines;
    this.#hidden = faults.flatMap(({ hide }) => hide);
    for (const { offset, got, expected, hint } of faults) {
      this.#add(this.#locationAt(offset), [], got, expected, hint);
    }
    if (failure !== undefined) {
      this.#add({ file: this.#file }, [], failure, 'YAML that is not nested this deep');
    }
    return document;
  }

  #valueOf(node: unknown, path: KeyPath, depth: number): unknown {
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES || depth > MAX_DEPTH) {
      if (this.#nodes <= MAX_NODES + 1 || depth === MAX_DEPTH + 1) {
        this.#add(this.locationOf(path), path, undefined, 'fewer and less nested values');
      }
      return undefined;
    }
    if (isAlias(node)) return this.#aliasOf(node, path, depth);
    if (isMap(node)) return this.#mapOf(node, path, depth);
    if (isSeq(node)) {
      return node.items.map((entry, index) => {
        const entryPath = [...path, index];
        // An entry begins with its `- `: a line that is indented like its first key belongs to it.
        this.#remember(entryPath, entry, 2);
        return this.#valueOf(entry, entryPath, depth + 1);
      });
    }
    if (!isScalar(node)) return undefined;
    if (this.#isHidden(node)) {
      this.#unreadable.push(path);
      return undefined;
    }
    if (typeof node.value !== 'string')
      return this.#environment === undefined ? node.value : (node.value ?? undefined);
    const text = this.#textOf(node.value, path);
    // A text with `${…}` is another one than that in the file.
    if (text === node.value) this.#texts.set(formatKey(path), node);
    return text;
  }

  #aliasOf(alias: Alias, path: KeyPath, depth: number): unknown {
    const target = this.#targets.get(alias);
    if (target !== undefined) return this.#valueOf(target, path, depth + 1);
    const got = `*${printable(alias.source, 60)} without quotes`;
    const hint = 'a value that begins with * stands for an anchor before it';
    this.#add(this.locationOf(path), path, got, 'the value in quotes', hint);
    return undefined;
  }

  #mapOf(map: YAMLMap, path: KeyPath, depth: number): Record<string, unknown> {
    const section: Record<string, unknown> = {};
    const names = new Set<string>();
    for (const { key, value } of map.items) {
      const name = isScalar(key) && key.value !== null ? String(key.value) : undefined;
      if (name === undefined || name === '__proto__') {
        this.#add(
          this.#locationAt(offsetOf(key) ?? offsetOf(map) ?? 0),
          path,
          `a key that is ${name ?? 'no text'}`,
          'a name',
        );
        continue;
      }
      if (names.has(name)) {
        const at = this.#locationAt(offsetOf(key) ?? 0);
        const { line } = this.locationOf([...path, name]);
        const got = `${printable(name, 60)} a second time`;
        this.#add(at, path, got, 'each key once', `the first one is in line ${line}`);
        continue;
      }
      names.add(name);
      const keyPath = [...path, name];
      this.#remember(keyPath, key);
      this.#noteWhyEmpty(keyPath, value);
      section[name] = this.#valueOf(value, keyPath, depth + 1);
    }
    return section;
  }

  /** An anchor or a comment in the place of a value is most often a value without quotes. */
  #noteWhyEmpty(path: KeyPath, value: unknown): void {
    if (!isScalar(value) || value.value !== null || value.range == null) return;
    const offset = this.#offsets.get(formatKey(path)) ?? 0;
    const [, end] = lineBounds(this.#text, offset);
    if (value.anchor !== undefined) {
      const hint = 'a value that begins with & names an anchor';
      const got = `&${printable(value.anchor, 60)} without quotes`;
      this.#add(this.locationOf(path), path, got, 'the value in quotes', hint);
    } else if (/:\s+#/.test(this.#text.slice(offset, end))) {
      this.#hints.set(formatKey(path), 'write the value in quotes: a # behind a blank begins a comment');
    }
  }

  #isHidden({ range }: Scalar): boolean {
    if (range == null) return false;
    const inside = this.#hidden.filter(
      ({ start, end, filler }) => filler === '_' && start < range[1] && end > range[0],
    );
    for (const span of inside) this.#masked.add(span);
    return inside.length > 0;
  }

  /** The section that a hidden place belongs to, by its indent. */
  #sectionAround({ start, end }: HiddenSpan): KeyPath {
    const [lineStart] = lineBounds(this.#text, start);
    const column = 1 + this.#text.slice(lineStart, end).search(/\S|$/);
    return this.#keys.findLast((key) => key.offset < start && key.column < column)?.path ?? [];
  }

  #textOf(written: string, path: KeyPath): string {
    if (this.#environment === undefined) return written;
    const { text, references, problems } = substitute(written, this.#environment);
    if (references.length > 0) this.#variables.set(formatKey(path), references);
    for (const { isUnset, got, expected, hint } of problems) {
      if (!isUnset) this.#add(this.locationOf(path), path, got, expected, hint);
      else {
        const problem = { ...this.locationOf(path), key: formatKey(path), got, expected, hint };
        this.#unreadable.push(path);
        this.#unset.push({ path, problem });
      }
    }
    return text;
  }

  #remember(path: KeyPath, node: unknown, indent = 0): void {
    const offset = offsetOf(node);
    if (offset === undefined) return;
    this.#offsets.set(formatKey(path), offset);
    this.#keys.push({ path, offset, column: this.#lines.linePos(offset).col - indent });
  }

  #locationAt(offset: number): SourceLocation {
    const { line, col } = this.#lines.linePos(offset);
    return line === 0 ? { file: this.#file } : { file: this.#file, line, column: col };
  }

  #add(
    location: SourceLocation,
    path: KeyPath,
    got: string | undefined,
    expected: string,
    hint?: string,
  ): void {
    this.#unreadable.push(path);
    if (this.#problems.length >= MAX_PROBLEMS) return;
    this.#problems.push({
      ...location,
      key: formatKey(path),
      expected,
      got,
      hint,
    });
  }
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}
