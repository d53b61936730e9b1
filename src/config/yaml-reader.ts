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
import { HiddenParts } from './hidden-parts.js';
import { offsetInScalar } from './offset-in-scalar.js';
import { parseYaml } from './parse-yaml.js';
import { type ConfigProblem, formatKey, type KeyPath, type SourceLocation } from './problem.js';
import { lineBounds } from './yaml-fault.js';
import type { PlaceInText, UnsetVariable, YamlSource } from './yaml-source.js';

export interface YamlReadOptions {
  /** Limits that stop files which are not configuration at all. */
  readonly maxCharacters: number;
  readonly maxNodes: number;
  /** Whether null is a value; else a key without a value counts as not written. */
  readonly keepsNull: boolean;
}
const MAX_FILE_CHARACTERS = 1_048_576;
const MAX_NODES = 50_000;
export const CONFIGURATION_FILE: YamlReadOptions = {
  maxCharacters: MAX_FILE_CHARACTERS,
  maxNodes: MAX_NODES,
  keepsNull: false,
};
const MAX_DEPTH = 32;
/** A file with more problems is not one that a person corrects line by line. */
const MAX_PROBLEMS = 100;

/** YamlReader reads one document; `readYaml` makes it. */
export class YamlReader {
  readonly #text: string;
  readonly #file: string;
  /** Absent for a document that is read as it is. */
  readonly #environment: Environment | undefined;
  readonly #options: YamlReadOptions;
  #lines = new LineCounter();
  readonly #problems: ConfigProblem[] = [];
  readonly #unset: UnsetVariable[] = [];
  readonly #unreadable: KeyPath[] = [];
  readonly #offsets = new Map<string, number>();
  #hidden = new HiddenParts('', []);
  readonly #hints = new Map<string, string>();
  readonly #texts = new Map<string, Scalar>();
  readonly #variables = new Map<string, readonly string[]>();
  /** What each alias stands for; absent for one whose anchor is not defined before it. */
  #targets: ReadonlyMap<Alias, Node> = new Map();
  #nodes = 0;

  constructor(
    text: string,
    file: string,
    environment: Environment | undefined,
    options: YamlReadOptions = CONFIGURATION_FILE,
  ) {
    this.#options = options;
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
    this.#unreadable.push(...this.#hidden.sections());
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
    const { maxCharacters } = this.#options;
    if (this.#text.length > maxCharacters) {
      this.#add(
        { file: this.#file },
        [],
        `a file of more than ${maxCharacters / 1_048_576} MiB`,
        'a configuration',
      );
      return undefined;
    }
    const { document, lines, faults, failure } = parseYaml(this.#text);
    this.#lines = lines;
    this.#hidden = new HiddenParts(
      this.#text,
      faults.flatMap(({ hide }) => hide),
    );
    for (const { offset, got, expected, hint } of faults) {
      this.#problems.push({ ...this.#locationAt(offset), key: '', got, expected, hint });
    }
    if (document === undefined) this.#unreadable.push([]);
    if (failure !== undefined) {
      this.#add({ file: this.#file }, [], failure, 'YAML that is not nested this deep');
    }
    return document;
  }

  #valueOf(node: unknown, path: KeyPath, depth: number): unknown {
    this.#nodes += 1;
    const { maxNodes } = this.#options;
    if (this.#nodes > maxNodes || depth > MAX_DEPTH) {
      if (this.#nodes <= maxNodes + 1 || depth === MAX_DEPTH + 1) {
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
        this.#remember(entryPath, entry, entry, 2);
        return this.#valueOf(entry, entryPath, depth + 1);
      });
    }
    if (!isScalar(node)) return undefined;
    if (node.range != null && this.#hidden.isIn(node.range)) {
      this.#unreadable.push(path);
      return undefined;
    }
    if (typeof node.value !== 'string')
      return this.#options.keepsNull ? node.value : (node.value ?? undefined);
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
      const name = isScalar(key) && key.value !== null ? keyName(key) : undefined;
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
        this.#add(
          at,
          [...path, name],
          'this key a second time',
          'each key once',
          `the first one is in line ${line}`,
        );
        continue;
      }
      names.add(name);
      const keyPath = [...path, name];
      this.#remember(keyPath, key, value);
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

  #remember(path: KeyPath, node: unknown, value: unknown, indent = 0): void {
    const offset = offsetOf(node);
    if (offset === undefined) return;
    this.#offsets.set(formatKey(path), offset);
    const column = this.#lines.linePos(offset).col - indent;
    this.#hidden.addKey({ path, offset, column, mayHaveKeys: !isScalar(value) || value.value === null });
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

/** A key as it is written: the number 0017 is another one, and a name is none. */
export function keyName({ value, source }: Scalar): string {
  return typeof value === 'string' ? value : (source ?? String(value));
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}
