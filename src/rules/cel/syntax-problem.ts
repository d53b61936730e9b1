import { quoted } from '../../lib/printable.js';
import { CelProblem } from './cel-problem.js';

/** What the library's parser throws. */
interface SyntaxError {
  readonly code: string;
  readonly at: number;
  /** What stands there, as far as the parser read it; '' at the end. */
  readonly found: string;
  readonly summary: string;
}

/** Words and signs of other languages, and what they are in CEL. */
const OTHER_SIGNS: Readonly<Record<string, string>> = {
  and: 'write && for and',
  or: 'write || for or',
  not: 'write ! for not',
  is: 'write == for is',
  equals: 'write == for equals',
  '=~': 'write payload.name.matches("pattern")',
  '===': 'write ==',
  '!==': 'write !=',
  '<>': 'write !=',
  '=>': 'write >= to compare, or the body behind a comma: payload.list.map(x, x * 2)',
  '=<': 'write <=',
  '=': 'write == to compare',
  '&': 'write && for and',
  '|': 'write || for or',
  '“': 'write plain quotes: "',
  '”': 'write plain quotes: "',
  '‘': "write plain quotes: '",
  '’': "write plain quotes: '",
  '^': 'there is no operator for powers',
  '~': 'write payload.name.matches("pattern")',
};

const INFIX_METHODS = new Set(['contains', 'matches', 'startsWith', 'endsWith', 'like']);

const TOKENS: Readonly<Record<string, string>> = {
  RPAREN: ')',
  RBRACKET: ']',
  RBRACE: '}',
  COLON: ':',
  LPAREN: '(',
};

/** Says a syntax error of the library in one plain sentence, with where it is and the nearest fix. */
export function syntaxProblem(expression: string, thrown: unknown): CelProblem {
  const error = asSyntaxError(expression, thrown);
  const sign = signAround(expression, error.at);
  if (sign !== undefined) {
    const problem = `${quoted(sign.text)} is not an operator of CEL`;
    return new CelProblem(problem, sign.at, OTHER_SIGNS[sign.text.toLowerCase()]);
  }
  switch (error.code) {
    case 'unterminated_string':
    case 'unterminated_triple_quoted_string':
    case 'newline_in_string':
      return unclosedText(expression, error);
    case 'expected_token':
      return expectedToken(expression, error);
    case 'unexpected_token':
      if (error.found === '') return endsTooEarly(expression);
      return new CelProblem(
        `a value is missing before ${quoted(error.found)}`,
        error.at,
        hintForMissingValue(expression, error),
      );
    case 'unexpected_character':
      return unexpected(expression, error);
    case 'invalid_escape_sequence':
    case 'invalid_octal_escape':
    case 'invalid_hex_escape':
    case 'invalid_unicode_escape': {
      const problem = `${quoted(error.found)} is not an escape that text in quotes may have`;
      return new CelProblem(
        problem,
        error.at,
        'write \\\\ for a backslash, or put an r before the quotes: r"\\d+"',
      );
    }
    case 'reserved_identifier':
      return new CelProblem(
        `${quoted(error.found)} is a reserved word`,
        error.at,
        error.found === 'if' ? 'write condition ? one : other' : undefined,
      );
    case 'limit_exceeded':
      return new CelProblem(
        'the expression is nested too deeply, or has a list or call that is too long',
        error.at,
      );
    case 'invalid_macro_argument':
      return new CelProblem(
        'the first argument is a name for the element',
        error.at,
        'write it as in payload.list.exists(x, x > 5)',
      );
    default:
      return new CelProblem(`it cannot be read: ${error.summary}`, error.at);
  }
}

function asSyntaxError(expression: string, thrown: unknown): SyntaxError {
  const { code, range, summary, message } = thrown as {
    code?: unknown;
    range?: { readonly start: number; readonly end: number };
    summary?: unknown;
    message?: unknown;
  };
  const at = Math.min(range?.start ?? 0, expression.length);
  return {
    code: String(code),
    at,
    found: expression.slice(at, range?.end ?? at),
    summary: String(summary ?? message),
  };
}

/** The operator of another language that the parser stopped at or right behind. */
function signAround(
  expression: string,
  at: number,
): { readonly text: string; readonly at: number } | undefined {
  const signs =
    /=~|===|!==|<>|=>|=<|(?<![=!<>])=(?!=)|(?<!&)&(?!&)|(?<!\|)\|(?!\|)|[“”‘’^~]|(?<!\.)\b(?:and|or|not|is|equals)\b/gi;
  for (const { 0: text, index } of expression.matchAll(signs)) {
    const isWord = /\w/.test(text);
    // The parser stops at the value behind `not`, and inside signs of several characters.
    const end = index + text.length + (isWord ? 1 : 0);
    if (at >= index && at <= end && (at < end || isWord)) return { text, at: index };
  }
  return undefined;
}

function unclosedText(expression: string, { at }: SyntaxError): CelProblem {
  const quote = expression[at] === "'" ? "'" : '"';
  return new CelProblem(`the text that begins here has no end`, at, `close it with ${quote}`);
}

function expectedToken(expression: string, { at, found, summary }: SyntaxError): CelProblem {
  const [, expected = ''] = /Expected (\w+)/.exec(summary) ?? [];
  const before = found === '' ? 'at the end' : `before ${quoted(found)}`;
  if (expected === 'IDENTIFIER') {
    const hint =
      found === '' ? undefined : `a key that is no plain name is written ["${found}"], without the dot`;
    return new CelProblem(`a name is missing behind the dot`, at, hint);
  }
  const sign = TOKENS[expected] ?? expected;
  const opener = found === '' ? unclosedBracket(expression) : undefined;
  if (opener !== undefined) {
    return new CelProblem(`the ${expression[opener]} here is never closed`, opener, `a ${sign} is missing`);
  }
  return new CelProblem(`a ${sign} is missing ${before}`, at, otherWord(expression, at, found));
}

function endsTooEarly(expression: string): CelProblem {
  return expression.trim() === ''
    ? new CelProblem('the expression is empty', 0)
    : new CelProblem('a value is missing at the end', expression.length);
}

function unexpected(expression: string, { at, found }: SyntaxError): CelProblem {
  if (/^[)\]}]/.test(found)) return new CelProblem(`there is a ${found} too many`, at);
  if (/^[\w"'([{]/.test(found)) {
    const problem = `an operator such as && or == is missing before ${quoted(found)}`;
    return new CelProblem(problem, at, otherWord(expression, at, found));
  }
  if (/^[^\x20-\x7e]/.test(found)) {
    const character = String.fromCodePoint(expression.codePointAt(at) ?? 0);
    return new CelProblem(
      `${quoted(character)} cannot stand outside of quotes`,
      at,
      'a key with other letters is written payload["Größe"]',
    );
  }
  const isDecimal = /\d,\d/.test(expression.slice(at - 1, at + 2));
  return new CelProblem(
    `${quoted(found)} does not belong here`,
    at,
    isDecimal ? 'decimals are written with a point, as in 1.5' : undefined,
  );
}

function hintForMissingValue(expression: string, { at, found }: SyntaxError): string | undefined {
  const before = expression[at - 1];
  if (before === '?' && (found === '.' || found === '?')) {
    return 'test for a key, as in has(payload.key) ? payload.key : 0';
  }
  if (before === '*' && found === '*') return 'there is no operator for powers: write payload.x * payload.x';
  if (before === '[' && found === '*') return 'walk a list with .exists(x, x > 5) or .map(x, x * 2)';
  return found === '.' ? 'a number has a digit before its point, as in 0.5' : undefined;
}

/** `payload.s contains "x"` */
function otherWord(expression: string, at: number, found: string): string | undefined {
  if (found === 'if') return 'write condition ? one : other';
  if (!INFIX_METHODS.has(found)) return undefined;
  const owner = /[\w.]+\s*$/.exec(expression.slice(0, at))?.[0].trim() ?? 'payload.name';
  const method = found === 'like' ? 'contains' : found;
  return `write ${owner}.${method}("…")`;
}

/** The last bracket that nothing closes. */
function unclosedBracket(expression: string): number | undefined {
  const open: number[] = [];
  for (const { 0: token, index } of expression.matchAll(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[()[\]{}]/g)) {
    if (/^[([{]/.test(token)) open.push(index);
    else if (/^[)\]}]/.test(token)) open.pop();
  }
  return open.at(-1);
}
