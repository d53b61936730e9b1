import type { ExpressionParser } from './expression-parser.js';
import { InfluxqlError } from './influxql-error.js';
import { parseCondition, parseLimits, parseOrder, parseSource, parseSources } from './parse-clauses.js';
import type { KeyChoice, ShowStatement, Source } from './statement.js';

const SUPPORTED =
  'DATABASES, FIELD KEYS, MEASUREMENTS, RETENTION POLICIES, SERIES, TAG KEYS, TAG VALUES (without CARDINALITY)';

/** Reads what follows SHOW. */
export function parseShow(parser: ExpressionParser): ShowStatement {
  const what = parseWhat(parser);
  if (what === 'databases') return { kind: 'show', what, limit: 0, offset: 0 };
  if (parser.skip('ON')) parser.identifier();
  if (what === 'retention policies') return { kind: 'show', what, limit: 0, offset: 0 };
  const sources = what === 'measurements' ? parseWithMeasurement(parser) : parseFrom(parser);
  const keys = what === 'tag values' ? { keys: parseKeys(parser) } : {};
  const condition = what === 'field keys' ? {} : parseCondition(parser);
  if (!parseOrder(parser)) throw new InfluxqlError('ORDER BY … DESC is not supported in SHOW');
  return { kind: 'show', what, ...sources, ...keys, ...condition, ...parseLimits(parser) };
}

function parseWhat(parser: ExpressionParser): ShowStatement['what'] {
  const first = parser.lexer.take();
  switch (first.text) {
    case 'DATABASES':
      return 'databases';
    case 'MEASUREMENTS':
      return 'measurements';
    case 'SERIES':
      return withoutCardinality(parser, 'series');
    case 'RETENTION':
      parser.expect('POLICIES');
      return 'retention policies';
    case 'FIELD':
      parser.expect('KEYS');
      return 'field keys';
    case 'TAG':
      if (parser.skip('KEYS')) return 'tag keys';
      parser.expect('VALUES');
      return withoutCardinality(parser, 'tag values');
    default:
      throw parser.unexpected(first, SUPPORTED);
  }
}

function withoutCardinality(parser: ExpressionParser, what: ShowStatement['what']): ShowStatement['what'] {
  const next = parser.lexer.peek();
  if (next.text === 'CARDINALITY' || next.text === 'EXACT') throw parser.unexpected(next, SUPPORTED);
  return what;
}

function parseFrom(parser: ExpressionParser): { readonly sources?: readonly Source[] } {
  return parser.skip('FROM') ? { sources: parseSources(parser) } : {};
}

function parseWithMeasurement(parser: ExpressionParser): { readonly sources?: readonly Source[] } {
  if (!parser.skip('WITH')) return {};
  parser.expect('MEASUREMENT');
  if (!parser.skip('=~')) parser.expect('=');
  return { sources: [parseSource(parser)] };
}

function parseKeys(parser: ExpressionParser): KeyChoice {
  parser.expect('WITH', 'KEY');
  if (parser.skip('IN')) {
    parser.expect('(');
    const names: string[] = [];
    do names.push(parser.identifier());
    while (parser.skip(','));
    parser.expect(')');
    return { operator: 'in', names };
  }
  const token = parser.lexer.take();
  switch (token.text) {
    case '=':
      return { operator: 'in', names: [parser.identifier()] };
    case '!=':
      return { operator: 'not in', names: [parser.identifier()] };
    case '=~':
    case '!~': {
      const regex = parser.regex();
      if (regex === undefined) throw parser.unexpected(parser.lexer.peek(), 'regex');
      return { operator: token.text, pattern: regex.pattern };
    }
    default:
      throw parser.unexpected(token, 'IN', '=', '!=', '=~', '!~');
  }
}
