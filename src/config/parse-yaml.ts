import { type Document, LineCounter, parseDocument } from 'yaml';
import { errorText } from '../lib/errors.js';
import { explainFault, hideSpans, type YamlFault } from './yaml-fault.js';

/** A file with a fault is read again without the place of the fault: so many times, and so many characters in all. */
const MAX_PASSES = 25;
const MAX_CHARACTERS = 4 * 1_048_576;

export interface ParsedYaml {
  /** The document without what the faults hide; absent when the rest cannot be read either. */
  readonly document?: Document.Parsed;
  /** Of the places of the document, which are those of the file. */
  readonly lines: LineCounter;
  readonly faults: readonly YamlFault[];
  /** Why the parser gave up; absent when it did not. */
  readonly failure?: string;
}

/** Parses a file that may have faults: each is hidden, so that the rest can be checked as well. Never throws. */
export function parseYaml(text: string): ParsedYaml {
  const faults: YamlFault[] = [];
  const passes = Math.max(1, Math.min(MAX_PASSES, Math.floor(MAX_CHARACTERS / (text.length + 1))));
  let lines = new LineCounter();
  let rest = text;
  for (let pass = 0; pass < passes; pass += 1) {
    lines = new LineCounter();
    let document: Document.Parsed;
    try {
      // The parser compares each key with all others; YamlReader does the same with a set.
      const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false };
      document = parseDocument(rest, options);
    } catch (thrown) {
      // The parser is recursive: thousands of nested brackets exhaust its stack.
      return { lines, faults, failure: errorText(thrown) };
    }
    const [first] = [...document.errors, ...document.warnings].sort(
      (left, right) => left.pos[0] - right.pos[0],
    );
    if (first === undefined) return { document, lines, faults };
    const fault = explainFault(rest, first, document);
    faults.push(fault);
    const shown = hideSpans(rest, fault.hide);
    if (shown === rest) break;
    rest = shown;
  }
  return { lines, faults };
}
