import type { ExpressionParser } from './expression-parser.js';
import { InfluxqlError } from './influxql-error.js';
import type { Expression, Limits, Source } from './statement.js';

/** The clauses that SELECT and SHOW share. */

const MAX_SOURCES = 100;

export function parseSources(parser: ExpressionParser): readonly Source[] {
  const sources: Source[] = [];
  do {
    sources.push(parseSource(parser));
    if (sources.length > MAX_SOURCES) {
      throw new InfluxqlError(`FROM can name at most ${MAX_SOURCES} measurements; use a regular expression`);
    }
  } while (parser.skip(','));
  return sources;
}

/** `m`, `rp.m`, `db.rp.m`, `db..m`, and the same with a regular expression for the measurement. */
export function parseSource(parser: ExpressionParser): Source {
  const names: string[] = [];
  for (;;) {
    const regex = parser.regex();
    if (regex !== undefined) return regex;
    const next = parser.lexer.peek();
    if (next.kind === 'symbol' && next.text === '(') {
      throw new InfluxqlError('subqueries are not supported; FROM takes names of measurements and /regex/');
    }
    if (next.kind === 'symbol' && next.text === '.' && names.length === 1) names.push('');
    else names.push(parser.identifier());
    if (names.length === 3 || !parser.skip('.')) break;
  }
  return { name: names.at(-1)! };
}

export function parseCondition(parser: ExpressionParser): { readonly condition?: Expression } {
  return parser.skip('WHERE') ? { condition: parser.expression() } : {};
}

export function parseCount(parser: ExpressionParser, keyword: string): number {
  if (!parser.skip(keyword)) return 0;
  const token = parser.lexer.take();
  if (token.kind !== 'integer') throw parser.unexpected(token, 'integer');
  const count = Number(token.text);
  if (!Number.isSafeInteger(count)) throw new InfluxqlError(`${keyword} ${token.text} is too large`);
  return count;
}

export function parseLimits(parser: ExpressionParser): Limits {
  return { limit: parseCount(parser, 'LIMIT'), offset: parseCount(parser, 'OFFSET') };
}

/** Returns whether the order is ascending. */
export function parseOrder(parser: ExpressionParser): boolean {
  if (!parser.skip('ORDER')) return true;
  parser.expect('BY');
  const next = parser.lexer.peek();
  if (next.kind === 'identifier') {
    if (next.text !== 'time') throw new InfluxqlError('only ORDER BY time supported at this time');
    parser.lexer.take();
  } else if (next.text !== 'ASC' && next.text !== 'DESC') {
    throw parser.unexpected(next, 'identifier', 'ASC', 'DESC');
  }
  const isDescending = parser.skip('DESC');
  if (!isDescending) parser.skip('ASC');
  if (parser.skip(',')) throw new InfluxqlError('only ORDER BY time supported at this time');
  return !isDescending;
}
