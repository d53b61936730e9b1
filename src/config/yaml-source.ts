import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { errorText } from '../errors.js';
import { printable } from '../printable.js';
import { type Environment, substitute } from './environment.js';
import { type ConfigProblem, formatKey, type KeyPath, type Place } from './problem.js';

/** Limits against files that are not configuration at all. */
const MAX_FILE_CHARACTERS = 1_048_576;
const MAX_DEPTH = 32;
const MAX_NODES = 50_000;

/** Of the parser, which may quote the file. */
const MAX_WORDS = 160;

/** The file as plain values, and where each of them stands. */
export interface YamlSource {
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** Keys that could not be read for these problems. */
  readonly unread: readonly KeyPath[];
  /** Where the key stands; for one that is not written, the nearest around it. */
  placeOf(path: KeyPath): Place;
  /** `${NAME}` of the variables that the value was made with. */
  variablesOf(path: KeyPath): readonly string[];
}

/**
 * Reads one YAML document; `${NAME}` in its texts comes from `environment`. A key without a value counts as not
 * written. Never throws: what is wrong is in `problems`.
 */
export function readYaml(text: string, file: string, environment: Environment): YamlSource {
  const reading = new Reading(text, file, environment);
  return {
    ...reading.read(),
    placeOf: (path) => reading.placeOf(path),
    variablesOf: (path) => reading.variablesOf(path),
  };
}

class Reading {
  readonly #text: string;
  readonly #file: string;
  readonly #environment: Environment;
  readonly #lines = new LineCounter();
  readonly #problems: ConfigProblem[] = [];
  readonly #unread: KeyPath[] = [];
  readonly #offsets = new Map<string, number>();
  readonly #variables = new Map<string, readonly string[]>();
  #document: Document.Parsed | undefined;
  #nodes = 0;

  constructor(text: string, file: string, environment: Environment) {
    this.#text = text;
    this.#file = file;
    this.#environment = environment;
  }

  read(): Pick<YamlSource, 'value' | 'problems' | 'unread'> {
    const found = { problems: this.#problems, unread: this.#unread };
    const document = this.#parse();
    if (document === undefined) return { ...found, value: {} };
    this.#document = document;
    const value = document.contents === null ? undefined : this.#valueOf(document.contents, [], 0);
    return { ...found, value: value ?? {} };
  }

  placeOf(path: KeyPath): Place {
    for (let length = path.length; length > 0; length -= 1) {
      const offset = this.#offsets.get(formatKey(path.slice(0, length)));
      if (offset !== undefined) return this.#place(offset);
    }
    return { file: this.#file };
  }

  variablesOf(path: KeyPath): readonly string[] {
    // A shorthand was one text; what it stands for has more keys.
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
    let document: Document.Parsed;
    try {
      document = parseDocument(this.#text, {
        lineCounter: this.#lines,
        prettyErrors: false,
        uniqueKeys: true,
      });
    } catch (thrown) {
      // The parser is recursive: thousands of nested brackets exhaust its stack.
      this.#add({ file: this.#file }, [], errorText(thrown), 'YAML that is not nested this deep');
      return undefined;
    }
    for (const fault of [...document.errors, ...document.warnings]) {
      const words = printable(fault.message, MAX_WORDS);
      this.#add(this.#place(fault.pos[0]), [], undefined, `valid YAML: ${words}`);
    }
    return document.errors.length > 0 ? undefined : document;
  }

  #valueOf(node: unknown, path: KeyPath, depth: number): unknown {
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES || depth > MAX_DEPTH) {
      if (this.#nodes <= MAX_NODES + 1 || depth === MAX_DEPTH + 1) {
        this.#add(this.placeOf(path), path, undefined, 'fewer and less nested values');
      }
      return undefined;
    }
    if (isAlias(node)) return this.#aliasOf(node, path, depth);
    if (isMap(node)) return this.#mapOf(node, path, depth);
    if (isSeq(node)) {
      return node.items.map((entry, index) => {
        const entryPath = [...path, index];
        this.#remember(entryPath, entry);
        return this.#valueOf(entry, entryPath, depth + 1);
      });
    }
    if (!isScalar(node)) return undefined;
    return typeof node.value === 'string' ? this.#textOf(node.value, path) : (node.value ?? undefined);
  }

  #aliasOf(alias: Alias, path: KeyPath, depth: number): unknown {
    const target = alias.resolve(this.#document!);
    if (target !== undefined) return this.#valueOf(target, path, depth + 1);
    this.#add(this.placeOf(path), path, `*${printable(alias.source, 60)}`, 'an anchor that stands before it');
    return undefined;
  }

  #mapOf(map: YAMLMap, path: KeyPath, depth: number): Record<string, unknown> {
    const section: Record<string, unknown> = {};
    for (const { key, value } of map.items) {
      const name = isScalar(key) && key.value !== null ? String(key.value) : undefined;
      if (name === undefined || name === '__proto__') {
        this.#add(
          this.#place(offsetOf(key) ?? offsetOf(map) ?? 0),
          path,
          `a key that is ${name ?? 'no text'}`,
          'a name',
        );
        continue;
      }
      const keyPath = [...path, name];
      this.#remember(keyPath, key);
      section[name] = this.#valueOf(value, keyPath, depth + 1);
    }
    return section;
  }

  #textOf(written: string, path: KeyPath): string {
    const { text, references, problems } = substitute(written, this.#environment);
    if (references.length > 0) this.#variables.set(formatKey(path), references);
    for (const { got, expected, hint } of problems) this.#add(this.placeOf(path), path, got, expected, hint);
    return text;
  }

  #remember(path: KeyPath, node: unknown): void {
    const offset = offsetOf(node);
    if (offset !== undefined) this.#offsets.set(formatKey(path), offset);
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return line === 0 ? { file: this.#file } : { file: this.#file, line, column: col };
  }

  #add(place: Place, path: KeyPath, got: string | undefined, expected: string, hint?: string): void {
    this.#unread.push(path);
    this.#problems.push({
      ...place,
      key: formatKey(path),
      expected,
      ...(got === undefined ? {} : { got }),
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}
