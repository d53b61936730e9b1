import { type Document, isCollection, isScalar, type Node, Scalar, visit } from 'yaml';
import { printable } from '../lib/printable.js';

/** What the parser found. */
export interface YamlFinding {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

/** A part of the file that is replaced, character by character, so that the rest can be read at its own places. */
export interface HiddenSpan {
  readonly start: number;
  readonly end: number;
  /** What can no longer be known: the keys of the line, the value, or nothing. */
  readonly affects: 'keys' | 'value' | 'nothing';
}

/** A fault of the YAML in words of the person who wrote it. Values are not quoted: they may be secrets. */
export interface YamlFault {
  readonly offset: number;
  readonly got?: string;
  readonly expected: string;
  readonly hint?: string;
  readonly hide: readonly HiddenSpan[];
}

const IN_QUOTES = 'the value in quotes';

/** Explains the first fault of a file, and what to hide of it. */
export function explainFault(text: string, finding: YamlFinding, document: Document.Parsed): YamlFault {
  const offset = finding.pos[0];
  switch (finding.code) {
    case 'TAB_AS_INDENT':
      return tabs(text, offset);
    case 'BAD_ALIAS':
    case 'BAD_SCALAR_START':
      return {
        offset,
        got: `a value that begins with ${text[offset]}`,
        expected: IN_QUOTES,
        hide: [mask(offset, offset + 1)],
      };
    case 'TAG_RESOLVE_FAILED':
      return {
        offset,
        got: 'a value that begins with !',
        expected: IN_QUOTES,
        hint: 'without them YAML takes the word after ! for the name of a type',
        hide: [mask(...finding.pos)],
      };
    case 'BAD_DQ_ESCAPE':
      return {
        offset,
        got: `\\${printable(text[offset + 1] ?? '', 1)} in double quotes`,
        expected: 'single quotes around the value',
        hint: 'in double quotes a backslash begins an escape',
        hide: [mask(offset, offset + 1)],
      };
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'BLOCK_IN_FLOW':
    case 'MULTILINE_IMPLICIT_KEY':
      return colonOrIndent(text, offset);
    case 'MULTIPLE_DOCS':
      return {
        offset,
        got: 'a second document (---)',
        expected: 'one document in the file',
        hide: [{ start: offset, end: text.length, affects: 'keys' }],
      };
    default:
      return (
        variableInBraces(text, offset) ??
        templateWithoutQuotes(text, offset) ??
        notClosed(text, finding, document) ??
        textWithoutQuotes(text, finding) ??
        other(text, finding)
      );
  }
}

/** Replaces what is hidden, in the order of the file; line ends stay, so every place does too. */
export function hideSpans(text: string, spans: readonly HiddenSpan[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, affects } of spans) {
    // A value stays one.
    const filler = affects === 'value' ? '_' : ' ';
    parts.push(text.slice(at, start), text.slice(start, end).replace(/[^\r\n]/g, filler));
    at = end;
  }
  return parts.join('') + text.slice(at);
}

/** The bounds of the line of a place, without its end. */
export function lineBounds(text: string, offset: number): readonly [number, number] {
  const end = text.indexOf('\n', offset);
  return [offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1, end < 0 ? text.length : end];
}

function mask(start: number, end: number): HiddenSpan {
  return { start, end, affects: 'value' };
}

function wholeLine(text: string, offset: number): HiddenSpan {
  const [start, end] = lineBounds(text, offset);
  return { start, end, affects: 'keys' };
}

function tabs(text: string, offset: number): YamlFault {
  const lines = [...text.matchAll(/^ *\t[^\n]*$/gm)].map(({ index }) => wholeLine(text, index));
  return {
    offset,
    got:
      lines.length > 1
        ? `tabs at the beginning of ${lines.length} lines`
        : 'a tab at the beginning of a line',
    expected: 'blanks',
    hint: 'YAML cannot be indented with tabs',
    hide: lines.length > 0 ? lines : [wholeLine(text, offset)],
  };
}

/** A value with a colon in it, a key without the blank behind its colon, or a line with another indent. */
function colonOrIndent(text: string, offset: number): YamlFault {
  const [start, end] = lineBounds(text, offset);
  const line = text.slice(start, end);
  const colon = /:(?=\s|$)/.exec(text.slice(offset, end));
  if (colon !== null) {
    const at = offset + colon.index;
    return {
      offset: at,
      got: 'a colon with a blank behind it, inside of a value',
      expected: IN_QUOTES,
      hint: 'such a colon makes a key of what is before it',
      hide: [mask(at, at + 1)],
    };
  }
  const dash = /^\s*-(?=[^\s-])/.exec(line);
  if (dash !== null) return missingBlank(text, start + dash[0].length, '-');
  const key = /^\s*(?:- +)*["']?[\w.-]+["']?:(?=\S)/.exec(line);
  if (key !== null) return missingBlank(text, start + key[0].length, ':');
  const next = /\S/.exec(text.slice(end));
  return otherIndent(text, next === null ? offset : end + next.index, 'deeper than the line above it');
}

function missingBlank(text: string, offset: number, sign: string): YamlFault {
  return {
    offset,
    got: `a ${sign} without a blank behind it`,
    expected: `${sign === ':' ? 'key: value' : '- key: value'}, with a blank`,
    hide: [wholeLine(text, offset)],
  };
}

function otherIndent(text: string, offset: number, how: string): YamlFault {
  return {
    offset,
    got: `a line that is indented ${how}`,
    expected: 'the same indent for all keys of a section',
    hide: [wholeLine(text, offset)],
  };
}

/** `{ token: ${TOKEN} }`: for YAML the braces of the variable are a section. */
function variableInBraces(text: string, offset: number): YamlFault | undefined {
  const [start, end] = lineBounds(text, offset);
  for (const { index, 0: written } of text.slice(start, end).matchAll(/\$\{[^}\s]*\}/g)) {
    const at = start + index;
    if (offset < at || offset > at + written.length) continue;
    const shown = printable(written, 60);
    return {
      offset: at,
      got: `${shown} without quotes, inside of { } or [ ]`,
      expected: `the value in quotes: "${shown}"`,
      hide: [mask(at, at + written.length)],
    };
  }
  return undefined;
}

/** `{topic.site}-{topic.device}`: for YAML the first pair of braces is a section, and the value ends behind it. */
function templateWithoutQuotes(text: string, offset: number): YamlFault | undefined {
  const [start, end] = lineBounds(text, offset);
  for (const { index, 0: written } of text
    .slice(start, end)
    .matchAll(/\{[\w.[\]]+\}(?:[^\s,{}"']*(?:\{[\w.[\]]+\})?)*/g)) {
    const at = start + index;
    const isQuoted = `"'`.includes(text[at - 1] ?? ' ');
    if (isQuoted || offset < at || offset > at + written.length) continue;
    return {
      offset: at,
      got: 'a text that begins with a brace, without quotes',
      expected: IN_QUOTES,
      hint: 'without them YAML takes the braces for a section',
      hide: [mask(at, at + written.length)],
    };
  }
  return undefined;
}

/** A brace, bracket or quote without its end. A `#` may hide the end. */
function notClosed(
  text: string,
  { code, message, pos }: YamlFinding,
  document: Document.Parsed,
): YamlFault | undefined {
  if (code === 'MISSING_CHAR' && /quote$/.test(message)) {
    const at = lastNode(document, pos[0], (node) => isScalar(node) && isQuoted(node));
    if (at === undefined) return undefined;
    const [, end] = lineBounds(text, at);
    return {
      offset: at,
      got: `a value that begins with ${text[at]} and does not end with it`,
      expected: `${text[at]} at its end`,
      hide: [mask(at, end)],
    };
  }
  if (code !== 'BAD_INDENT' || !/end with a [}\]]$/.test(message)) return undefined;
  const open = lastNode(document, pos[0], (node) => isCollection(node) && node.flow === true);
  if (open === undefined) return undefined;
  const comment = /(?<=\s)#[^\s,}\]]*/.exec(withoutQuoted(text.slice(open, pos[0])));
  if (comment !== null) {
    const at = open + comment.index;
    return {
      offset: at,
      got: 'a value that begins with #, inside of { } or [ ]',
      expected: IN_QUOTES,
      hint: 'a # behind a blank begins a comment, which hides the rest of the line',
      hide: [mask(at, at + comment[0].length)],
    };
  }
  const [, lastLineEnd] = lineBounds(text, Math.max(open, lineBounds(text, pos[0])[0] - 1));
  return {
    offset: open,
    got: `${text[open]} that is not closed`,
    expected: `${text[open] === '{' ? '}' : ']'} behind its last entry`,
    hide: [{ start: lineBounds(text, open)[0], end: lastLineEnd, affects: 'keys' }],
  };
}

function isQuoted({ type }: Scalar): boolean {
  return type === Scalar.QUOTE_DOUBLE || type === Scalar.QUOTE_SINGLE;
}

/** Where the last such node before a place begins. */
function lastNode(
  document: Document.Parsed,
  before: number,
  isMeant: (node: Node) => boolean,
): number | undefined {
  let found: number | undefined;
  visit(document, {
    Node: (_key, node) => {
      const start = node.range?.[0];
      if (start !== undefined && start < before && isMeant(node)) found = start;
    },
  });
  return found;
}

/** The same text with something else in quotes. */
function withoutQuoted(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/g, (quoted) => '_'.repeat(quoted.length));
}

/** `"a" == payload.x`, or `payload["a b"]` inside of braces: YAML ends the value early. */
function textWithoutQuotes(text: string, { message, pos: [offset] }: YamlFinding): YamlFault | undefined {
  const sign = text[offset]!;
  if (/in YAML stream/.test(message) && '}]'.includes(sign)) {
    return {
      offset,
      got: sign,
      expected: `no ${sign} without its beginning`,
      hide: [{ start: offset, end: offset + 1, affects: 'nothing' }],
    };
  }
  if (!/at node end$/.test(message)) return undefined;
  const [lineStart, lineEnd] = lineBounds(text, offset);
  const before = text.slice(lineStart, offset);
  const isInFlow = /[{[]\s|[{[]["'\w]+:/.test(before);
  const start =
    lineStart + (/^(?:.*[\s])?(?:[^\s]+:|[-{[,])\s+(?=\S)/.exec(withoutQuoted(before))?.[0].length ?? 0);
  const rest = isInFlow ? /,\s|\s[}\]]|[}\]]\s*$/.exec(text.slice(offset, lineEnd)) : null;
  const hide = [mask(start, rest === null ? lineEnd : offset + rest.index)];
  if (`"'`.includes(text[start]!)) {
    return {
      offset,
      got: 'text behind the closing quote',
      expected: `quotes around the whole value: ${text[start] === '"' ? `'"a" == b'` : `"'a' == b"`}`,
      hide,
    };
  }
  if (!'[{'.includes(sign)) return undefined;
  return { offset, got: `${sign} in a value without quotes`, expected: IN_QUOTES, hide };
}

const MAX_MESSAGE = 160;

/** The words of the parser, without what it quotes of the file. */
function other(text: string, { code, message, pos: [offset] }: YamlFinding): YamlFault {
  if (code === 'BAD_INDENT' || /without - indicator$/.test(message)) {
    const [, end] = lineBounds(text, offset);
    const first = offset + Math.max(0, text.slice(offset, end).search(/\S/));
    return otherIndent(text, first, 'otherwise than the lines around it');
  }
  const words = printable(message.replace(/: .*$/s, ''), MAX_MESSAGE);
  return { offset, expected: `valid YAML: ${words}`, hide: [wholeLine(text, offset)] };
}
