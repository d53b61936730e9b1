import { foreign } from './format.js';

const INDENT = '  ';
/** Deeper levels stand no further in: a payload of nothing but brackets would become gigabytes of spaces. */
const MAX_INDENTS = 24;
const HEX_BYTES_A_LINE = 16;

/**
 * A payload as lines to read, each safe to show, and what it is: `JSON`, `text` or `binary`. JSON is indented but
 * otherwise kept to the letter: a number with twenty digits or a key that is there twice is what one looks for.
 *
 * @param {{ payload?: string; payloadBase64?: string }} letter
 */
export function payloadLines({ payload, payloadBase64 }) {
  if (payload === undefined) return { kind: 'binary', lines: hexLines(atob(payloadBase64 ?? '')) };
  if (isJson(payload)) return { kind: 'JSON', lines: indentedJson(payload).map(shown) };
  return { kind: 'text', lines: payload.split('\n').map(shown) };
}

/** @param {string} line */
function shown(line) {
  return foreign(line, Number.POSITIVE_INFINITY);
}

/** @param {string} text */
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * `text` is valid JSON: then a string, a bracket, a comma, a colon or a literal follow each other.
 *
 * @param {string} text
 */
function indentedJson(text) {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/gu) ?? [];
  const lines = [];
  let line = '';
  let depth = 0;
  const breakLine = () => {
    lines.push(line);
    line = INDENT.repeat(Math.min(depth, MAX_INDENTS));
  };
  for (const [index, token] of tokens.entries()) {
    if (isOpening(token)) {
      line += token;
      depth += 1;
      if (!isClosing(tokens[index + 1])) breakLine();
    } else if (isClosing(token)) {
      depth -= 1;
      if (!isOpening(tokens[index - 1])) breakLine();
      line += token;
    } else if (token === ',') {
      line += token;
      breakLine();
    } else line += token === ':' ? ': ' : token;
  }
  lines.push(line);
  return lines;
}

/** @param {string | undefined} token */
function isOpening(token) {
  return token === '{' || token === '[';
}

/** @param {string | undefined} token */
function isClosing(token) {
  return token === '}' || token === ']';
}

/**
 * `00000010  7b 22 …  {"…`, as hexdump shows bytes.
 *
 * @param {string} bytes
 */
function hexLines(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += HEX_BYTES_A_LINE) {
    const row = bytes.slice(at, at + HEX_BYTES_A_LINE);
    const hex = [...row].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join(' ');
    const text = row.replace(/[^\x20-\x7e]/g, '.');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(HEX_BYTES_A_LINE * 3 - 1)}  ${text}`);
  }
  return lines;
}
