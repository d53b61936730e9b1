import { type BoundParameters, ExpressionParser } from './expression-parser.js';
import { InfluxqlError } from './influxql-error.js';
import { Lexer } from './lexer.js';
import { parseSelect } from './parse-select.js';
import { parseShow } from './parse-show.js';
import type { Statement } from './statement.js';

export const MAX_QUERY_CHARACTERS = 65_536;
export const MAX_STATEMENTS = 50;

/** Reads the statements of a query. Throws an InfluxqlError for the first that is not valid or not supported. */
export function parseQuery(text: string, parameters: BoundParameters = new Map()): readonly Statement[] {
  if (text.length > MAX_QUERY_CHARACTERS) {
    throw new InfluxqlError(`a query can have at most ${MAX_QUERY_CHARACTERS} characters`);
  }
  const lexer = new Lexer(text);
  const statements: Statement[] = [];
  for (;;) {
    const parser = new ExpressionParser(lexer, parameters);
    while (parser.skip(';'));
    if (lexer.peek().kind === 'end') return statements;
    if (statements.length === MAX_STATEMENTS) {
      throw new InfluxqlError(`a query can have at most ${MAX_STATEMENTS} statements`);
    }
    statements.push(parseStatement(parser));
    const next = lexer.peek();
    if (next.kind !== 'end' && next.text !== ';') throw parser.unexpected(next, ';', 'EOF');
  }
}

function parseStatement(parser: ExpressionParser): Statement {
  if (parser.skip('SELECT')) return parseSelect(parser);
  if (parser.skip('SHOW')) return parseShow(parser);
  throw parser.unexpected(parser.lexer.peek(), 'SELECT', 'SHOW (this store only reads)');
}
