import { InfluxqlError } from './influxql-error.js';

export interface Token {
  readonly kind:
    | 'end'
    | 'identifier'
    | 'keyword'
    | 'string'
    | 'integer'
    | 'number'
    | 'duration'
    | 'parameter'
    | 'symbol';
  /** The name, the value without its quotes, the keyword in capitals, or the symbol. */
  readonly text: string;
  /** Offsets in the query. */
  readonly at: number;
  readonly end: number;
}

const KEYWORDS = new Set(
  (
    'ALL ALTER ANALYZE ANY AS ASC BEGIN BY CARDINALITY CREATE CONTINUOUS DATABASE DATABASES DEFAULT DELETE DESC ' +
    'DESTINATIONS DIAGNOSTICS DISTINCT DROP DURATION END EVERY EXACT EXPLAIN FIELD FOR FROM GRANT GRANTS GROUP GROUPS IN INF ' +
    'INSERT INTO KEY KEYS KILL LIMIT MEASUREMENT MEASUREMENTS NAME OFFSET ON ORDER PASSWORD POLICY POLICIES ' +
    'PRIVILEGES QUERIES QUERY READ REPLICATION RESAMPLE RETENTION REVOKE SELECT SERIES SET SHARD SHARDS SHOW SLIMIT ' +
    'SOFFSET STATS SUBSCRIPTION SUBSCRIPTIONS TAG TO USER USERS VALUES WHERE WITH WRITE AND OR TRUE FALSE'
  ).split(' '),
);

const SPACE = /(?:[ \t\r\n]|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)/y;
const DURATION = /\d+[A-Za-zµ][A-Za-z0-9µ]*/y;
const SYMBOL = /=~|!=|!~|>=|<=|<>|::|[-+*/%&|^=<>(),;.:]/y;
const PARAMETER = /\$(?:[A-Za-z_][A-Za-z0-9_]*)/y;
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', '\\': '\\', '"': '"', "'": "'" };

/** Takes a query apart. A slash is a division or begins a regular expression: the parser knows which, and asks. */
export class Lexer {
  readonly #text: string;
  #offset = 0;
  #next: Token | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns the next token and leaves it there. */
  peek(): Token {
    this.#next ??= this.#scan();
    return this.#next;
  }

  take(): Token {
    const token = this.peek();
    this.#offset = token.end;
    this.#next = undefined;
    return token;
  }

  /** Takes a regular expression between slashes; undefined when none begins here. */
  takeRegex(): string | undefined {
    const start = this.#skipSpace();
    if (this.#text[start] !== '/') return undefined;
    let pattern = '';
    for (let at = start + 1; at < this.#text.length; at++) {
      const character = this.#text[at]!;
      if (character === '\n') break;
      if (character === '/') {
        this.#offset = at + 1;
        this.#next = undefined;
        return pattern;
      }
      if (character === '\\' && this.#text[at + 1] === '/') {
        pattern += '/';
        at += 1;
      } else pattern += character;
    }
    throw new InfluxqlError(`bad regex: it has no closing slash${this.place(start)}`);
  }

  /** Returns where in the query something is, as the end of a sentence. */
  place(at: number): string {
    const before = this.#text.slice(0, at).split('\n');
    return ` at line ${before.length}, char ${before.at(-1)!.length + 1}`;
  }

  #skipSpace(): number {
    SPACE.lastIndex = this.#offset;
    SPACE.exec(this.#text);
    return SPACE.lastIndex;
  }

  #scan(): Token {
    const at = this.#skipSpace();
    const first = this.#text[at];
    if (first === undefined) return { kind: 'end', text: '', at, end: at };
    if (first === '"' || first === "'") return this.#quoted(at, first);
    const word = this.#match(WORD, at);
    if (word !== undefined) {
      const keyword = word.toUpperCase();
      return KEYWORDS.has(keyword)
        ? { kind: 'keyword', text: keyword, at, end: at + word.length }
        : { kind: 'identifier', text: word, at, end: at + word.length };
    }
    const patterns = [
      ['parameter', PARAMETER],
      ['duration', DURATION],
      ['number', NUMBER],
      ['symbol', SYMBOL],
    ] as const;
    for (const [kind, pattern] of patterns) {
      const text = this.#match(pattern, at);
      if (text === undefined) continue;
      const end = at + text.length;
      if (kind === 'number' && /^\d+$/.test(text)) return { kind: 'integer', text, at, end };
      if (kind === 'parameter') return { kind, text: text.slice(1), at, end };
      return { kind, text: text === '<>' ? '!=' : text, at, end };
    }
    throw new InfluxqlError(`found ${JSON.stringify(first)}, which nothing begins with${this.place(at)}`);
  }

  #match(pattern: RegExp, at: number): string | undefined {
    pattern.lastIndex = at;
    return pattern.exec(this.#text)?.[0];
  }

  #quoted(start: number, quote: string): Token {
    let value = '';
    for (let at = start + 1; at < this.#text.length; at++) {
      const character = this.#text[at]!;
      if (character === '\n') break;
      if (character === quote) {
        return { kind: quote === '"' ? 'identifier' : 'string', text: value, at: start, end: at + 1 };
      }
      if (character === '\\') {
        at += 1;
        const escaped = ESCAPED[this.#text[at] ?? ''];
        if (escaped === undefined) throw new InfluxqlError(`found a bad escape${this.place(at - 1)}`);
        value += escaped;
      } else value += character;
    }
    throw new InfluxqlError(`found a text without a closing ${quote}${this.place(start)}`);
  }
}
