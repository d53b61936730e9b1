/**
 * A reader of line protocol written from its specification, independent of the encoder in src. The stores differ
 * in one point, so it reads in either way:
 * 'literal': outside strings a backslash escapes comma, = and blank only; two are two (InfluxDB 1 and 2).
 * 'pairs': it escapes itself as well (InfluxDB 3, VictoriaMetrics).
 */
export type BackslashReading = 'literal' | 'pairs';

export interface ParsedLine {
  readonly measurement: string;
  readonly tags: readonly (readonly [string, string])[];
  readonly fields: readonly (readonly [string, number | bigint | string | boolean])[];
  readonly timestampNs: bigint;
}

/** Throws on anything that is not exactly one line with fields and a timestamp. */
export function parseLine(text: string, backslashes: BackslashReading): ParsedLine {
  const reader = new LineReader(text, backslashes);
  if (text.startsWith('#')) throw new Error('a comment');
  const measurement = reader.word(', ');
  const tags: [string, string][] = [];
  while (reader.skip(',')) {
    const name = reader.word('=');
    reader.expect('=');
    tags.push([name, reader.word(', ')]);
  }
  reader.expect(' ');
  const fields: [string, number | bigint | string | boolean][] = [];
  do {
    const name = reader.word('=');
    reader.expect('=');
    fields.push([name, reader.value()]);
  } while (reader.skip(','));
  reader.expect(' ');
  const timestamp = reader.rest();
  if (!/^-?\d+$/.test(timestamp)) throw new Error(`bad timestamp ${timestamp}`);
  return { measurement, tags, fields, timestampNs: BigInt(timestamp) };
}

class LineReader {
  readonly #text: string;
  readonly #escapable: string;
  #at = 0;

  constructor(text: string, backslashes: BackslashReading) {
    this.#text = text;
    this.#escapable = backslashes === 'pairs' ? ',= \\' : ',= ';
  }

  /** Up to an unescaped character of `ends`, unescaped; not empty. */
  word(ends: string): string {
    let word = '';
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || ends.includes(char)) break;
      if (char === '\n' || char === '\r') throw new Error('the line ends inside a name');
      // A blank or comma where only = may end the name: the line would have been cut there.
      if (char === ' ' || char === ',') throw new Error(`unescaped "${char}" in a name`);
      const next = this.#text[this.#at + 1];
      const isEscape = char === '\\' && next !== undefined && this.#escapable.includes(next);
      word += isEscape ? next : char;
      this.#at += isEscape ? 2 : 1;
    }
    if (word === '') throw new Error(`an empty name at ${this.#at}`);
    return word;
  }

  value(): number | bigint | string | boolean {
    if (this.skip('"')) return this.#quoted();
    const from = this.#at;
    while (this.#at < this.#text.length && !', '.includes(this.#text[this.#at] ?? '')) this.#at++;
    const literal = this.#text.slice(from, this.#at);
    if (/^(t|T|true|True|TRUE)$/.test(literal)) return true;
    if (/^(f|F|false|False|FALSE)$/.test(literal)) return false;
    if (/^-?\d+i$/.test(literal)) return BigInt(literal.slice(0, -1));
    if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(literal)) return Number(literal);
    throw new Error(`bad value ${literal}`);
  }

  #quoted(): string {
    let value = '';
    for (;;) {
      const char = this.#text[this.#at++];
      if (char === undefined) throw new Error('the string does not end');
      if (char === '"') return value;
      if (char === '\n') throw new Error('a line feed inside a string: some stores end the line here');
      const next = this.#text[this.#at];
      if (char === '\\' && (next === '"' || next === '\\')) {
        value += next;
        this.#at++;
      } else value += char;
    }
  }

  skip(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  expect(char: string): void {
    if (!this.skip(char)) throw new Error(`expected "${char}" at ${this.#at} of ${this.#text}`);
  }

  rest(): string {
    return this.#text.slice(this.#at);
  }
}
