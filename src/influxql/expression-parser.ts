import { durationNs } from './duration.js';
import { InfluxqlError } from './influxql-error.js';
import type { Lexer, Token } from './lexer.js';
import { compileRegex } from './regex.js';
import { CASTS, type Cast, type Expression, type Operator, PRECEDENCE, type Regex } from './statement.js';

/** Values of `$name`, from the parameter `params` of the request. */
export type BoundParameters = ReadonlyMap<string, string | bigint | number | boolean>;

/** Deeper nesting is refused: expressions are walked by functions that call themselves. */
const MAX_DEPTH = 64;
/** A chain of operators is a tree as deep as it is long. */
const MAX_OPERATORS = 1_000;
const MAX_INTEGER = 2n ** 63n - 1n;

/** Reads expressions, the part of the grammar that all clauses share. */
export class ExpressionParser {
  readonly lexer: Lexer;
  readonly #parameters: BoundParameters;
  #depth = 0;
  #operators = 0;

  constructor(lexer: Lexer, parameters: BoundParameters) {
    this.lexer = lexer;
    this.#parameters = parameters;
  }

  expression(weakest = 1): Expression {
    let left = this.#unary();
    for (;;) {
      const operator = operatorOf(this.lexer.peek());
      if (operator === undefined || PRECEDENCE[operator] < weakest) return left;
      this.lexer.take();
      this.#operators += 1;
      if (this.#operators > MAX_OPERATORS) {
        throw new InfluxqlError(`a query can have at most ${MAX_OPERATORS} operators`);
      }
      const right: Expression =
        operator === '=~' || operator === '!~'
          ? this.#requiredRegex()
          : this.expression(PRECEDENCE[operator] + 1);
      left = { kind: 'binary', operator, left, right };
    }
  }

  /** Takes a regular expression, after it has been found valid; undefined when something else is next. */
  regex(): Regex | undefined {
    const pattern = this.lexer.takeRegex();
    if (pattern === undefined) return undefined;
    compileRegex(pattern);
    return { kind: 'regex', pattern };
  }

  /** Takes the symbol or keyword if it is next. */
  skip(text: string): boolean {
    const { kind, text: found } = this.lexer.peek();
    if ((kind !== 'symbol' && kind !== 'keyword') || found !== text) return false;
    this.lexer.take();
    return true;
  }

  expect(...texts: readonly string[]): void {
    for (const text of texts) if (!this.skip(text)) throw this.unexpected(this.lexer.peek(), text);
  }

  identifier(): string {
    const token = this.lexer.take();
    if (token.kind === 'identifier') return token.text;
    throw this.unexpected(token, 'identifier');
  }

  unexpected(token: Token, ...expected: readonly string[]): InfluxqlError {
    const found = token.kind === 'end' ? 'EOF' : token.text;
    return new InfluxqlError(`found ${found}, expected ${expected.join(', ')}${this.lexer.place(token.at)}`);
  }

  #requiredRegex(): Regex {
    const regex = this.regex();
    if (regex !== undefined) return regex;
    throw this.unexpected(this.lexer.peek(), 'regex');
  }

  #unary(): Expression {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH)
      throw new InfluxqlError(`an expression can be nested at most ${MAX_DEPTH} deep`);
    const read = this.#operand();
    this.#depth -= 1;
    return read;
  }

  #operand(): Expression {
    const token = this.lexer.take();
    switch (token.kind) {
      case 'identifier':
        return this.#named(token);
      case 'string':
        return { kind: 'string', value: token.text };
      case 'integer':
        return this.#integer(BigInt(token.text));
      case 'number':
        return { kind: 'number', value: Number(token.text) };
      case 'duration':
        return this.#duration(token);
      case 'parameter':
        return this.#parameter(token.text);
      case 'keyword':
        if (token.text === 'TRUE' || token.text === 'FALSE')
          return { kind: 'boolean', value: token.text === 'TRUE' };
        if (token.text === 'DISTINCT') return this.#distinct();
        break;
      case 'symbol':
        if (token.text === '(') return this.#grouped();
        if (token.text === '*') return this.#wildcard();
        if (token.text === '-' || token.text === '+') return this.#signed(token.text === '-');
        break;
      case 'end':
        break;
    }
    throw this.unexpected(token, 'identifier', 'string', 'number', 'bool');
  }

  #integer(value: bigint): Expression {
    if (value <= MAX_INTEGER) return { kind: 'integer', value };
    throw new InfluxqlError(`the integer ${value} is larger than ${MAX_INTEGER}, which is not supported`);
  }

  #duration(token: Token): Expression {
    const ns = durationNs(token.text);
    if (ns === undefined) throw new InfluxqlError(`invalid duration ${token.text}`);
    return { kind: 'duration', ns };
  }

  #parameter(name: string): Expression {
    const value = this.#parameters.get(name);
    switch (typeof value) {
      case 'string':
        return { kind: 'string', value };
      case 'bigint':
        return this.#integer(value);
      case 'number':
        return { kind: 'number', value };
      case 'boolean':
        return { kind: 'boolean', value };
      default:
        throw new InfluxqlError(`missing parameter: ${name}`);
    }
  }

  #grouped(): Expression {
    const inner = this.expression();
    this.expect(')');
    return inner;
  }

  #wildcard(): Expression {
    if (!this.skip('::')) return { kind: 'wildcard' };
    const token = this.lexer.take();
    if (token.text === 'FIELD') return { kind: 'wildcard', only: 'field' };
    if (token.text === 'TAG') return { kind: 'wildcard', only: 'tag' };
    throw this.unexpected(token, 'field', 'tag');
  }

  #signed(isNegative: boolean): Expression {
    const operand = this.#unary();
    switch (operand.kind) {
      case 'integer':
        return { kind: 'integer', value: isNegative ? -operand.value : operand.value };
      case 'number':
        return { kind: 'number', value: isNegative ? -operand.value : operand.value };
      case 'duration':
        return { kind: 'duration', ns: isNegative ? -operand.ns : operand.ns };
      default: {
        const sign: Expression = { kind: 'integer', value: isNegative ? -1n : 1n };
        return { kind: 'binary', operator: '*', left: sign, right: operand };
      }
    }
  }

  /** `DISTINCT name` and `DISTINCT(name)` are the call. */
  #distinct(): Expression {
    if (this.skip('(')) return this.#call('distinct');
    const name = this.identifier();
    return { kind: 'call', name: 'distinct', args: [{ kind: 'reference', name }] };
  }

  #named({ text: name, end }: Token): Expression {
    const next = this.lexer.peek();
    if (next.kind === 'symbol' && next.text === '(' && next.at === end) {
      this.lexer.take();
      return this.#call(name.toLowerCase());
    }
    if (!this.skip('::')) return { kind: 'reference', name };
    const token = this.lexer.take();
    const cast = token.text.toLowerCase();
    if (isCast(cast)) return { kind: 'reference', name, cast };
    throw this.unexpected(token, ...CASTS);
  }

  #call(name: string): Expression {
    const args: Expression[] = [];
    if (this.skip(')')) return { kind: 'call', name, args };
    do {
      args.push(this.regex() ?? this.expression());
    } while (this.skip(','));
    this.expect(')');
    return { kind: 'call', name, args };
  }
}

function isCast(text: string): text is Cast {
  return (CASTS as readonly string[]).includes(text);
}

function operatorOf({ kind, text }: Token): Operator | undefined {
  if (kind !== 'symbol' && kind !== 'keyword') return undefined;
  return Object.hasOwn(PRECEDENCE, text) ? (text as Operator) : undefined;
}
