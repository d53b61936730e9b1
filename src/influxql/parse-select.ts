import { TimeZone } from '../lib/time-zone.js';
import type { ExpressionParser } from './expression-parser.js';
import { InfluxqlError } from './influxql-error.js';
import { parseCondition, parseCount, parseLimits, parseOrder, parseSources } from './parse-clauses.js';
import { type Expression, type Field, type Fill, PRECEDENCE, type SelectStatement } from './statement.js';

const MAX_FIELDS = 500;
const MAX_DIMENSIONS = 100;

/** Reads what follows SELECT. */
export function parseSelect(parser: ExpressionParser): SelectStatement {
  const fields = parseFields(parser);
  const next = parser.lexer.peek();
  if (next.text === 'INTO') throw new InfluxqlError('SELECT … INTO is not supported: this store only reads');
  parser.expect('FROM');
  const sources = parseSources(parser);
  const condition = parseCondition(parser);
  const groupBy = parseGroupBy(parser);
  const fill = parseFill(parser);
  const ascending = parseOrder(parser);
  const limits = parseLimits(parser);
  return {
    kind: 'select',
    fields,
    sources,
    ...condition,
    groupBy,
    fill,
    ascending,
    ...limits,
    seriesLimit: parseCount(parser, 'SLIMIT'),
    seriesOffset: parseCount(parser, 'SOFFSET'),
    ...parseZone(parser),
  };
}

function parseFields(parser: ExpressionParser): readonly Field[] {
  const fields: Field[] = [];
  do {
    const expression = parser.regex() ?? parser.expression();
    checkOperators(expression);
    fields.push(parser.skip('AS') ? { expression, alias: parser.identifier() } : { expression });
    if (fields.length > MAX_FIELDS)
      throw new InfluxqlError(`SELECT can have at most ${MAX_FIELDS} expressions`);
  } while (parser.skip(','));
  return fields;
}

function checkOperators(expression: Expression): void {
  if (expression.kind === 'call') expression.args.forEach(checkOperators);
  if (expression.kind !== 'binary') return;
  const { operator, left, right } = expression;
  if (PRECEDENCE[operator] < PRECEDENCE['+']) {
    throw new InfluxqlError(`invalid operator ${operator} in SELECT clause; arithmetic is + - * / % & | ^`);
  }
  checkOperators(left);
  checkOperators(right);
}

function parseGroupBy(parser: ExpressionParser): readonly Expression[] {
  if (!parser.skip('GROUP')) return [];
  parser.expect('BY');
  const groups: Expression[] = [];
  do {
    groups.push(parser.regex() ?? parser.expression());
    if (groups.length > MAX_DIMENSIONS) {
      throw new InfluxqlError(
        `GROUP BY can name at most ${MAX_DIMENSIONS} tags; use * or a regular expression`,
      );
    }
  } while (parser.skip(','));
  return groups;
}

function parseFill(parser: ExpressionParser): Fill {
  const argument = namedCall(parser, 'fill');
  if (argument === undefined) return { kind: 'null' };
  if (argument.kind === 'integer' || argument.kind === 'number') {
    return { kind: 'number', value: argument.value };
  }
  const word = argument.kind === 'reference' ? argument.name : '';
  if (word === 'null' || word === 'none' || word === 'previous' || word === 'linear') return { kind: word };
  throw new InfluxqlError('expected number argument in fill(), or null, none, previous, linear');
}

function parseZone(parser: ExpressionParser): { readonly zone?: TimeZone } {
  const argument = namedCall(parser, 'tz');
  if (argument === undefined) return {};
  if (argument.kind !== 'string') throw new InfluxqlError('expected string argument in tz()');
  const name = argument.value;
  if (name === '' || name === 'UTC') return {};
  const zone = TimeZone.of(name);
  if (zone === undefined) throw new InfluxqlError(`unable to find time zone ${name}`);
  return { zone };
}

/** Takes a call of this name with one argument; undefined when another clause follows. */
function namedCall(parser: ExpressionParser, name: string): Expression | undefined {
  const next = parser.lexer.peek();
  if (next.kind !== 'identifier' || next.text.toLowerCase() !== name) return undefined;
  const call = parser.expression();
  const [argument] = call.kind === 'call' ? call.args : [];
  if (argument === undefined || (call.kind === 'call' && call.args.length !== 1)) {
    throw new InfluxqlError(
      `${name} requires one argument, e.g. ${name === 'fill' ? 'fill(null)' : "tz('UTC')"}`,
    );
  }
  return argument;
}
